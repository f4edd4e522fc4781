//! How one event stands on disk, and why bytes may not be one.

use crate::codec::fields::{EachField, Misplaced, Place};
use bytes::Bytes;
use domain::clock::Time;
use domain::event::EventType;
use domain::ids::Hash16;
use domain::stream::StreamName;
use prost::Message;
use uuid::Uuid;

/// Words were still clear: nothing clear is ever written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event with clear words cannot be stored")]
pub struct EncodeFault;

/// Why a stored payload is not an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeFault {
    /// Written by a newer program, or not by us.
    #[error("the event type {event_type} version {version} is unknown")]
    Unknown {
        /// The stored type.
        event_type: String,
        /// The stored version.
        version: u32,
    },
    /// Not of the shape that its type and version promise.
    #[error("the payload of a {event_type} is malformed: {fault}")]
    Malformed {
        /// The stored type.
        event_type: EventType,
        /// What is wrong with it.
        fault: Malformed,
    },
}

/// What is wrong with a payload. Never says what stands in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not protobuf of this message.
    #[error("it is no such message")]
    NotProtobuf,
    /// A field that every such event has is not there.
    #[error("a field is absent")]
    Absent,
    /// An id or hash has another length than 16 bytes.
    #[error("an id or hash has not 16 bytes")]
    Length,
    /// A choice that this program does not know.
    #[error("a choice is unknown")]
    Choice,
    /// The generations of a sealed field do not fit the keys that seal it.
    #[error("a key's generation does not fit")]
    Generation,
    /// The event does not belong into its stream.
    #[error("its stream cannot hold it")]
    Misplaced,
}

impl From<Misplaced> for Malformed {
    fn from(_: Misplaced) -> Self {
        Malformed::Misplaced
    }
}

/// An event with its shape on disk.
pub trait Stored: Sized {
    /// The protobuf message of its newest shape.
    type Proto: Message + Default;

    /// The message.
    ///
    /// # Errors
    /// When words are still clear.
    fn to_proto(&self) -> Result<Self::Proto, EncodeFault>;

    /// The reverse of [`Stored::to_proto`].
    ///
    /// # Errors
    /// When the message is not one that [`Stored::to_proto`] makes.
    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed>;

    /// See [`crate::codec::map_fields`]. Events without words have none to hand over; words that were forgotten here
    /// could not be encoded.
    ///
    /// # Errors
    /// What `each` refuses.
    fn map_fields<E: EachField>(self, _stream: &StreamName, _each: &mut E) -> Result<Self, E::Fault> {
        Ok(self)
    }

    /// Decodes the bytes of the message.
    ///
    /// # Errors
    /// When they are not such a message.
    fn read(payload: Bytes, place: &Place<'_>) -> Result<Self, Malformed> {
        let proto = Self::Proto::decode(payload).map_err(|_| Malformed::NotProtobuf)?;
        Self::from_proto(proto, place)
    }
}

/// An id's bytes.
pub fn uuid_bytes(id: Uuid) -> Bytes {
    Bytes::copy_from_slice(id.as_bytes())
}

/// The reverse of [`uuid_bytes`].
///
/// # Errors
/// On another length than 16.
pub fn uuid(bytes: &[u8]) -> Result<Uuid, Malformed> {
    Uuid::from_slice(bytes).map_err(|_| Malformed::Length)
}

/// A hash's bytes.
pub fn hash_bytes(hash: Hash16) -> Bytes {
    Bytes::copy_from_slice(&hash.0)
}

/// The reverse of [`hash_bytes`].
///
/// # Errors
/// On another length than 16.
pub fn hash(bytes: &[u8]) -> Result<Hash16, Malformed> {
    bytes.try_into().map(Hash16).map_err(|_| Malformed::Length)
}

/// A point in time from its microseconds.
pub const fn time(micros: i64) -> Time {
    Time::from_micros(micros)
}
