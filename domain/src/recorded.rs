//! An event as it stands in the log: the envelope and the event.

use crate::clock::Time;
use crate::event::Event;
use crate::ids::{AccountId, EventId, Hash16, Position};
use crate::stream::StreamName;
use uuid::Uuid;

/// What a repeat of a command is recognised by: keyed hashes, never the key or the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// Of (account, command, idempotency key).
    pub key: Hash16,
    /// Of the request's body with its path parameters.
    pub body: Hash16,
}

/// An event in the log. Nothing that a client wrote freely stands in the envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its place in the log.
    pub position: Position,
    /// Its stream.
    pub stream: StreamName,
    /// Its place in the stream, from 0.
    pub revision: u64,
    /// Its id.
    pub id: EventId,
    /// The version of its payload's shape, as stored; the event is already of the newest shape.
    pub schema_version: u32,
    /// What people see. Only an import may set it to another time than the writer's.
    pub occurred_at: Time,
    /// The writer's clock; never decreases with the position.
    pub recorded_at: Time,
    /// Who caused it; none for the system itself.
    pub actor: Option<AccountId>,
    /// Shared by everything that one request caused.
    pub correlation_id: Uuid,
    /// The event that made a policy cause this one.
    pub causation_id: Option<EventId>,
    /// Of the first event of a command that came with an idempotency key.
    pub fingerprint: Option<Fingerprint>,
    /// What happened.
    pub event: Event,
}

impl Recorded {
    /// Whether an import brought it in. The log gives an event the writer's time for both; only an import says when it
    /// happened, and that is never the microsecond at which it is written.
    pub fn is_imported(&self) -> bool {
        self.occurred_at != self.recorded_at
    }
}
