//! The appending port: how a decision becomes history, whatever engine holds the log.

pub mod clear_words;
pub mod memory;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, EventId, Position};
use domain::recorded::{Fingerprint, Recorded};
use domain::source::{BoxFuture, EventSource, SourceFault};
use domain::stream::StreamName;
use std::sync::Arc;
use uuid::Uuid;

/// What must be true of a stream at the moment of the append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It never had an event.
    NoStream,
    /// Its newest event has this revision.
    Exactly(u64),
    /// Whatever it holds.
    Any,
}

impl Expected {
    /// That the stream is as it was when its newest revision was `revision`.
    pub fn at(revision: Option<u64>) -> Self {
        revision.map_or(Expected::NoStream, Expected::Exactly)
    }

    /// Whether a stream whose newest revision is `actual` is as expected.
    pub fn holds(self, actual: Option<u64>) -> bool {
        match self {
            Expected::NoStream => actual.is_none(),
            Expected::Exactly(revision) => actual == Some(revision),
            Expected::Any => true,
        }
    }
}

/// An event that is not in the log yet. Its words are clear; the adapter seals them.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// Known again by the log: a unit with a known id is a duplicate.
    pub id: EventId,
    /// What people see; `None` takes the writer's clock (only an import sets it).
    pub occurred_at: Option<Time>,
    /// Who caused it.
    pub actor: Option<AccountId>,
    /// Shared by everything that one request caused.
    pub correlation_id: Uuid,
    /// The event that made a policy cause this one.
    pub causation_id: Option<EventId>,
    /// Of the first event of a command with an idempotency key.
    pub fingerprint: Option<Fingerprint>,
    /// What happened.
    pub event: Event,
}

/// Events for one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// The stream.
    pub stream: StreamName,
    /// What must be true of it.
    pub expected: Expected,
    /// At least one.
    pub events: Vec<NewEvent>,
}

/// A stream that the decision rests on and that the unit does not write.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The stream.
    pub stream: StreamName,
    /// What must be true of it.
    pub expected: Expected,
}

/// What is appended as a whole or not at all. Units of one call are judged in order, each on what those before it wrote: one
/// that expects something of a stream which a unit before it was to write and did not, falls with that, also where somebody
/// else wrote meanwhile what brings the stream to the expected revision.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Unit {
    /// At least one; each stream at most once.
    pub writes: Vec<Write>,
    /// Streams that must be as expected.
    pub checks: Vec<Check>,
}

/// What became of a unit.
#[derive(Clone, Debug)]
pub enum Appended {
    /// Durable. The events in the order of the unit, with sealed words.
    Committed(Vec<Arc<Recorded>>),
    /// An event of it was in the log before; this is the position of the first such. Nothing was appended.
    Duplicate(Position),
    /// A stream is not as expected, or not by the units before. Nothing of this unit was appended.
    Conflict {
        /// The first such stream.
        stream: StreamName,
        /// Its newest revision.
        actual: Option<u64>,
    },
    /// An event is larger than [`domain::limits::EVENT_MAX_BYTES`]. Nothing of this unit was appended.
    TooLarge,
    /// A stream that it writes was deleted for good. Nothing of this unit was appended.
    Deleted {
        /// The first such stream.
        stream: StreamName,
    },
}

/// Why an append has no answer. Nothing of it was acknowledged; it may or may not be found later, which is what event
/// ids are for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogFault {
    /// No space is left. What was there stays readable, and appending works again once there is space.
    #[error("the log's disk is full")]
    Full,
    /// A sync or write failed: the log takes nothing more until it is opened again.
    #[error("the log failed: {0}")]
    Failed(String),
    /// The keys store failed, so words could not be sealed. Nothing was appended.
    #[error("the keys store failed: {0}")]
    Keys(String),
    /// The log is closing.
    #[error("the log is closing")]
    Closed,
}

/// The log, for deciding and appending.
pub trait EventLog: EventSource {
    /// Appends units, each atomic. Answers when every committed unit is durable.
    fn append(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Appended>, LogFault>>;

    /// The positions of the events with these ids (remembered for at least
    /// [`domain::limits::IDEMPOTENCY_KEY_LIFE_SECONDS`]).
    fn find<'a>(&'a self, ids: &'a [EventId]) -> BoxFuture<'a, Result<Vec<Option<Position>>, SourceFault>>;

    /// The newest revision of each stream, whatever retention hides.
    fn revisions<'a>(&'a self, streams: &'a [StreamName]) -> BoxFuture<'a, Result<Vec<Option<u64>>, SourceFault>>;

    /// Hides every event of the stream before revision `before`, durably. Never moves back.
    fn truncate<'a>(&'a self, stream: &'a StreamName, before: u64) -> BoxFuture<'a, Result<(), LogFault>>;

    /// Deletes a stream for good, durably, whether or not it ever had an event: nothing of it is read any more, and a unit
    /// that writes it is answered [`Appended::Deleted`]. Its newest revision stays known, so that decisions which rest
    /// on it do not take it for one that never was.
    fn delete<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), LogFault>>;
}
