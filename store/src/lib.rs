//! Adapters without rules: the embedded log, NATS, codec and upcasters, sealing and keys, slices of threads.

pub mod codec;
pub mod embedded;
pub mod nats;
pub mod scheduling;
pub mod seal;
