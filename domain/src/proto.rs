//! The events' protobuf messages, generated from `domain/proto`. Their field numbers are for ever.

#![expect(missing_docs, reason = "generated code")]

macro_rules! features {
    ($($feature:ident)*) => {$(
        pub mod $feature {
            pub mod v1 {
                include!(concat!(env!("OUT_DIR"), "/tidings.", stringify!($feature), ".v1.rs"));
            }
        }
    )*};
}

features! { account audit conversation import job keys message notification relationship sealed session story }
