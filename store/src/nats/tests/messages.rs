//! What is carried, and how.

use super::rig::recorded;
use crate::nats::envelope;
use domain::ids::Position;
use domain::recorded::Recorded;

#[test]
fn an_event_is_read_back_from_its_message() {
    for revision in [0, 1, 2, 3, 5, 30] {
        let event = recorded(Position(9), revision);
        assert_eq!(envelope::decode(Position(9), envelope::encode(&event).unwrap()), Ok(event));
    }
    assert_eq!(envelope::decode(Position(9), "nothing".into()), Err(envelope::NotCarried));
    assert_eq!(envelope::decode(Position(9), bytes::Bytes::new()), Err(envelope::NotCarried));
}

#[test]
fn an_event_of_a_retired_shape_is_not_carried() {
    let event = Recorded { schema_version: 7, ..recorded(Position(9), 0) };
    assert_eq!(envelope::encode(&event), None);
}
