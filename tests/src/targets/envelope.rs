//! Events as NATS carries them.

use bytes::Bytes;
use domain::ids::Position;
use store::nats::envelope::{decode, encode};

/// What is taken for an event must be the same after it was written and read again.
pub fn check(bytes: &[u8]) {
    let Ok(event) = decode(Position(7), Bytes::copy_from_slice(bytes)) else { return };
    let written = encode(&event).expect("a decoded event is of the newest shape and sealed");
    assert_eq!(decode(Position(7), written), Ok(event));
}
