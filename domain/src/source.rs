//! The reading port: how projections, commands and feeds read the log, whatever engine holds it.

use crate::event::{Event, EventType};
use crate::ids::{LogId, Position};
use crate::recorded::Recorded;
use crate::stream::StreamName;
use futures_core::Stream;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future that ports return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a read failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceFault {
    /// Stored bytes do not match their checksum or shape. Never served.
    #[error("the log is damaged at position {0}: {1}")]
    Damaged(Position, String),
    /// An event of a type or version that this program does not know.
    #[error("the event at position {0} has the unknown type {1}")]
    Unknown(Position, String),
    /// The engine did not answer.
    #[error("the log cannot be read: {0}")]
    Unavailable(String),
    /// The log is closing.
    #[error("the log is closing")]
    Closed,
}

/// Which way to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    Backward,
}

/// Which events to give. Empty lists match everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The stream's name starts with one of these.
    pub stream_prefixes: Vec<String>,
    /// The type is one of these.
    pub types: Vec<EventType>,
}

/// Whether a stream's name begins with one of these.
pub fn begins_with_one_of(stream: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| stream.starts_with(prefix.as_str()))
}

impl Filter {
    /// Whether an event of this stream and type passes.
    pub fn matches(&self, stream: &str, event_type: EventType) -> bool {
        (self.stream_prefixes.is_empty() || begins_with_one_of(stream, &self.stream_prefixes))
            && (self.types.is_empty() || self.types.contains(&event_type))
    }
}

/// Events of one stream.
#[derive(Clone, Debug, Default)]
pub struct StreamSlice {
    /// In the asked direction.
    pub events: Vec<Arc<Recorded>>,
    /// The stream's current revision, whatever was read; none if it never had an event.
    pub revision: Option<u64>,
}

/// Events of the whole log.
#[derive(Clone, Debug, Default)]
pub struct LogSlice {
    /// In the asked direction.
    pub events: Vec<Arc<Recorded>>,
    /// Where the next read continues: up to there everything was looked at, or known not to match.
    pub next: Position,
    /// Whether the end (or, backward, the start) was reached.
    pub at_end: bool,
}

/// A batch of consecutive events, at least one, in log order. Positions between them hold no event any more.
pub type Batch = Arc<[Arc<Recorded>]>;

/// A live subscription. It ends only with a fault or when the log closes.
pub type Subscription = Pin<Box<dyn Stream<Item = Result<Batch, SourceFault>> + Send>>;

/// The log, for reading.
pub trait EventSource: Send + Sync + 'static {
    /// Which log this is.
    fn log_id(&self) -> LogId;

    /// The position of the last durable event; [`Position::START`] when there is none.
    fn head(&self) -> Position;

    /// Up to `limit` events of a stream from revision `from` on (inclusive), in `direction`. `u64::MAX` backward means
    /// from its end. What retention, truncation or deletion hides is not given.
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>>;

    /// Up to `limit` matching events after (forward) or before (backward) position `from`, exclusive. A filtered read
    /// may stop early with fewer (none too) and `at_end: false`, so that one call never scans without bound; so may any
    /// read where much was reclaimed or deleted. The newest event of the log is always given.
    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>>;

    /// The events at these positions, in their order; a position without an event is left out.
    fn read_positions<'a>(
        &'a self,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>>;

    /// Everything after `after`, first what stands there, then what comes, without a gap or a repeat.
    fn subscribe(&self, after: Position) -> Subscription;
}

/// Events of a stream that are looked through at once.
const LOOKED_THROUGH_EVENTS: usize = 256;

/// The newest event of a stream before a revision that is one of those wanted.
///
/// # Errors
/// When the log does not answer.
pub async fn newest_before(
    source: &dyn EventSource,
    stream: &StreamName,
    revision: u64,
    is_wanted: impl Fn(&Event) -> bool,
) -> Result<Option<Arc<Recorded>>, SourceFault> {
    let mut before = revision;
    while let Some(from) = before.checked_sub(1) {
        let slice = source.read_stream(stream, from, Direction::Backward, LOOKED_THROUGH_EVENTS).await?;
        if let Some(found) = slice.events.iter().find(|recorded| is_wanted(&recorded.event)) {
            return Ok(Some(found.clone()));
        }
        let Some(oldest) = slice.events.last() else { break };
        before = oldest.revision;
    }
    Ok(None)
}
