//! Events as NATS carries them.

use bytes::Bytes;
use domain::ids::Position;
use store::codec::schema_version;
use store::nats::envelope::{decode, encode};

/// What is taken for an event must be the same after it was written and read again; one of a retired shape is not written.
pub fn check(bytes: &[u8]) {
    let Ok(event) = decode(Position(7), Bytes::copy_from_slice(bytes)) else { return };
    let written = encode(&event);
    assert_eq!(written.is_some(), event.schema_version == schema_version(event.event.event_type()));
    let Some(written) = written else { return };
    assert_eq!(decode(Position(7), written), Ok(event));
}
