//! An event as NATS carries it: its envelope and its payload as the log holds it. Sealed words stay sealed, so no key
//! is needed on either side.

use crate::codec;
use crate::codec::stored::{hash, hash_bytes, uuid, uuid_bytes};
use bytes::Bytes;
use domain::clock::Time;
use domain::ids::{AccountId, EventId, Position};
use domain::recorded::{Fingerprint, Recorded};
use domain::stream::StreamName;
use prost::Message;

/// The header with the event's position.
pub const POSITION: &str = "Tidings-Position";
/// The header with the position of the event before it in the log.
pub const PREVIOUS: &str = "Tidings-Previous";

/// The message is not an event that this program can read. The reader takes it from the log instead.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message carries no event")]
pub struct NotCarried;

#[derive(Clone, PartialEq, prost::Message)]
struct Envelope {
    #[prost(string, tag = "1")]
    stream: String,
    #[prost(uint64, tag = "2")]
    revision: u64,
    #[prost(bytes = "bytes", tag = "3")]
    id: Bytes,
    #[prost(string, tag = "4")]
    event_type: String,
    #[prost(uint32, tag = "5")]
    schema_version: u32,
    #[prost(sint64, tag = "6")]
    occurred_at_micros: i64,
    #[prost(sint64, tag = "7")]
    recorded_at_micros: i64,
    #[prost(bytes = "bytes", optional, tag = "8")]
    actor: Option<Bytes>,
    #[prost(bytes = "bytes", tag = "9")]
    correlation_id: Bytes,
    #[prost(bytes = "bytes", optional, tag = "10")]
    causation_id: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "11")]
    fingerprint_key: Option<Bytes>,
    #[prost(bytes = "bytes", optional, tag = "12")]
    fingerprint_body: Option<Bytes>,
    #[prost(bytes = "bytes", tag = "13")]
    payload: Bytes,
}

/// The bytes of an event, unless it cannot be carried: one of a retired shape, whose stored form is no more at hand, or
/// one with clear words (the in-memory twin of the log). Its readers take such an event from the log.
pub fn encode(recorded: &Recorded) -> Option<Bytes> {
    if recorded.schema_version != codec::schema_version(recorded.event.event_type()) {
        return None;
    }
    let payload = codec::encode(&recorded.event).ok()?;
    let envelope = Envelope {
        stream: recorded.stream.as_str().to_owned(),
        revision: recorded.revision,
        id: uuid_bytes(recorded.id.uuid()),
        event_type: recorded.event.event_type().as_str().to_owned(),
        schema_version: recorded.schema_version,
        occurred_at_micros: recorded.occurred_at.micros(),
        recorded_at_micros: recorded.recorded_at.micros(),
        actor: recorded.actor.map(|actor| uuid_bytes(actor.uuid())),
        correlation_id: uuid_bytes(recorded.correlation_id),
        causation_id: recorded.causation_id.map(|id| uuid_bytes(id.uuid())),
        fingerprint_key: recorded.fingerprint.map(|fingerprint| hash_bytes(fingerprint.key)),
        fingerprint_body: recorded.fingerprint.map(|fingerprint| hash_bytes(fingerprint.body)),
        payload: payload.into(),
    };
    Some(envelope.encode_to_vec().into())
}

/// The reverse of [`encode`].
///
/// # Errors
/// When the bytes are no event that this program knows.
pub fn decode(position: Position, bytes: Bytes) -> Result<Recorded, NotCarried> {
    let envelope = Envelope::decode(bytes).map_err(|_| NotCarried)?;
    let stream = StreamName::parse(&envelope.stream).map_err(|_| NotCarried)?;
    let id = EventId::new(uuid(&envelope.id).map_err(|_| NotCarried)?);
    let event = codec::decode(&stream, id, &envelope.event_type, envelope.schema_version, envelope.payload)
        .map_err(|_| NotCarried)?;
    let optional = |bytes: Option<Bytes>| bytes.map(|bytes| uuid(&bytes)).transpose().map_err(|_| NotCarried);
    Ok(Recorded {
        position,
        stream,
        revision: envelope.revision,
        id,
        schema_version: envelope.schema_version,
        occurred_at: Time::from_micros(envelope.occurred_at_micros),
        recorded_at: Time::from_micros(envelope.recorded_at_micros),
        actor: optional(envelope.actor)?.map(AccountId::new),
        correlation_id: uuid(&envelope.correlation_id).map_err(|_| NotCarried)?,
        causation_id: optional(envelope.causation_id)?.map(EventId::new),
        fingerprint: fingerprint(envelope.fingerprint_key, envelope.fingerprint_body)?,
        event,
    })
}

fn fingerprint(key: Option<Bytes>, body: Option<Bytes>) -> Result<Option<Fingerprint>, NotCarried> {
    let (Some(key), Some(body)) = (key, body) else { return Ok(None) };
    let key = hash(&key).map_err(|_| NotCarried)?;
    let body = hash(&body).map_err(|_| NotCarried)?;
    Ok(Some(Fingerprint { key, body }))
}
