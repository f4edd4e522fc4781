//! What is handed to the writer and what it answers.

use super::marks::Hidden;
use super::record::{RawEvent, TYPE_MAX_BYTES};
use commands::log::{Check, Expected, LogFault};
use domain::clock::Time;
use domain::ids::Position;
use domain::stream::StreamName;
use rustc_hash::FxHashSet;
use tokio::sync::oneshot;

/// Events for one stream.
#[derive(Clone, Debug, PartialEq)]
pub struct RawWrite {
    /// The stream.
    pub stream: StreamName,
    /// What must be true of it.
    pub expected: Expected,
    /// At least one.
    pub events: Vec<RawEvent>,
}

/// What is appended as a whole or not at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RawUnit {
    /// At least one; each stream at most once.
    pub writes: Vec<RawWrite>,
    /// Streams that must be as expected.
    pub checks: Vec<Check>,
}

/// Where a unit was put. Its events have consecutive positions, in the order of the unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The position of its first event.
    pub first: Position,
    /// The writer's clock; also `occurred_at` of events that had none.
    pub recorded_at: Time,
    /// The first revision of each write.
    pub revisions: Vec<u64>,
}

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawAppended {
    /// Durable.
    Committed(Placed),
    /// An event of it was in the log before, the first such at this position. Nothing was appended.
    Duplicate(Position),
    /// A stream is not as expected. Nothing of this unit was appended.
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

/// Whoever waits for an append. Called on the writer's thread: it must be quick and never wait.
pub trait Waiter: Send {
    /// The `unit`-th unit of the call is durable; the head has not moved yet. Units of all calls come in position order.
    fn committed(&mut self, unit: usize, placed: &Placed);
    /// The answer for all units. Called once, after the head has moved.
    fn answer(self: Box<Self>, answer: Result<Vec<RawAppended>, LogFault>);
}

impl Waiter for oneshot::Sender<Result<Vec<RawAppended>, LogFault>> {
    fn committed(&mut self, _: usize, _: &Placed) {}

    fn answer(self: Box<Self>, answer: Result<Vec<RawAppended>, LogFault>) {
        // Whoever asked may have gone; the events stay.
        drop(self.send(answer));
    }
}

/// What the writer's queue carries.
pub enum Request {
    /// Append units.
    Append {
        /// In order.
        units: Vec<RawUnit>,
        /// Gets the answer.
        waiter: Box<dyn Waiter>,
    },
    /// Hide events of a stream.
    Hide {
        /// The stream.
        stream: StreamName,
        /// Which.
        hidden: Hidden,
        /// Gets the answer.
        answer: oneshot::Sender<Result<(), LogFault>>,
    },
    /// Finish what waits and stop.
    Close(oneshot::Sender<()>),
}

/// Refuses units that no decision can have meant; the log is not touched.
pub fn check_shape(units: &[RawUnit]) -> Result<(), LogFault> {
    let fault = |what: &str| Err(LogFault::Failed(format!("a malformed unit was refused: {what}")));
    for unit in units {
        if unit.writes.is_empty() || unit.writes.iter().any(|write| write.events.is_empty()) {
            return fault("it writes nothing");
        }
        let (mut streams, mut ids) = (FxHashSet::default(), FxHashSet::default());
        let events = || unit.writes.iter().flat_map(|write| &write.events);
        if unit.writes.len() > 1 && !unit.writes.iter().all(|write| streams.insert(&write.stream)) {
            return fault("it writes one stream twice");
        }
        if events().nth(1).is_some() && !events().all(|event| ids.insert(event.id)) {
            return fault("it has one event id twice");
        }
        let type_is_plain = |event: &RawEvent| {
            let name = &event.event_type;
            name.is_ascii() && !name.is_empty() && name.len() <= TYPE_MAX_BYTES
        };
        if !events().all(type_is_plain) {
            return fault("a type's name is not 1 to 64 ASCII characters");
        }
    }
    Ok(())
}
