//! Payloads of events. The first byte chooses the type.

use bytes::Bytes;
use domain::event::EventType;
use domain::ids::{ConversationId, EventId, MessageId, StoryId};
use domain::stream::StreamName;
use store::codec::{decode, encode, schema_version};
use uuid::Uuid;

/// What is taken for an event must be the same after it was written and read again.
pub fn check(bytes: &[u8]) {
    let Some((choice, payload)) = bytes.split_first() else { return };
    let event_type = EventType::ALL[usize::from(*choice) % EventType::ALL.len()];
    let uuid = Uuid::from_u128(1);
    let conversation = ConversationId::new(uuid);
    for stream in [
        StreamName::timeline(conversation),
        StreamName::message(MessageId { conversation, seq: 3 }),
        StreamName::story(StoryId::new(uuid)),
    ] {
        let read = |payload: Bytes| {
            decode(&stream, EventId::new(uuid), event_type.as_str(), schema_version(event_type), payload)
        };
        let Ok(event) = read(Bytes::copy_from_slice(payload)) else { continue };
        let written = encode(&event).expect("a decoded event is sealed");
        assert_eq!(read(written.into()).expect("what was written is read"), event);
    }
}
