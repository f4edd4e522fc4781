//! Following the log: from the disk while behind, from the ring once near the head, without a gap or a repeat.

use super::decode::{decode, matches};
use super::head::{End, Head};
use super::history::History;
use super::record::RecordRef;
use super::ring::Ring;
use super::scan::Scanned;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{Direction, Filter, LogSlice, SourceFault, Subscription};
use futures_util::stream;
use std::ops::ControlFlow;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::watch;

/// Events of a batch, at most.
pub const BATCH_MAX_EVENTS: usize = 1024;
/// Bytes of payloads of a batch that is read from the disk, at most, unless its first event is larger.
const BATCH_MAX_BYTES: usize = 4 << 20;
/// Records that one filtered read looks at, at most, or the cost of so many.
const SCAN_MAX_EVENTS: usize = 16 << 10;
/// Reads of up to so many events are done where they are asked for; larger ones on a thread for waiting.
const INLINE_MAX_EVENTS: usize = 64;

/// One who follows the log.
struct Follower {
    after: Position,
    ring: Arc<Ring>,
    history: Arc<History>,
    head: watch::Receiver<Head>,
    ended: bool,
}

/// Everything after a position, first what stands there, then what comes.
pub fn subscribe(after: Position, ring: Arc<Ring>, history: Arc<History>, head: watch::Receiver<Head>) -> Subscription {
    let follower = Follower { after, ring, history, head, ended: false };
    Box::pin(stream::unfold(follower, |mut follower| async move {
        let batch = follower.next().await?;
        follower.ended = batch.is_err();
        Some((batch, follower))
    }))
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Arc<[Arc<Recorded>]>, SourceFault>> {
        while !self.ended {
            let head = *self.head.borrow_and_update();
            if self.after < head.position {
                let (events, scanned) = match self.there(head.position).await {
                    Ok(there) => there,
                    Err(fault) => return Some(Err(fault)),
                };
                self.after = scanned.next;
                if events.is_empty() {
                    // Everything that was looked at is gone for good.
                    continue;
                }
                return Some(Ok(events));
            }
            match head.end {
                Some(End::Closed) => return None,
                Some(End::Failed) => return Some(Err(SourceFault::Unavailable("the log failed".into()))),
                None => self.head.changed().await.ok()?,
            }
        }
        None
    }

    /// What is durable already, from the ring or from the disk.
    async fn there(&self, head: Position) -> Result<(Arc<[Arc<Recorded>]>, Scanned), SourceFault> {
        if let Some((events, scanned)) = self.ring.after(self.after, head, BATCH_MAX_EVENTS) {
            let marks = &self.history.marks;
            if !marks.has_deleted() {
                return Ok((events, scanned));
            }
            let is_shown = |event: &&Arc<Recorded>| event.position == head || !marks.is_deleted(event.stream.as_str());
            return Ok((events.iter().filter(is_shown).cloned().collect(), scanned));
        }
        let (history, after) = (Arc::clone(&self.history), self.after);
        let slice =
            off_runtime(move || read_all(&history, after, Direction::Forward, BATCH_MAX_EVENTS, &Filter::default()));
        let slice = slice.await?;
        Ok((slice.events.into(), Scanned { next: slice.next, at_end: slice.at_end }))
    }
}

/// Reads matching events in position order.
pub async fn read(
    history: &Arc<History>,
    from: Position,
    direction: Direction,
    limit: usize,
    filter: &Filter,
) -> Result<LogSlice, SourceFault> {
    if limit <= INLINE_MAX_EVENTS && *filter == Filter::default() {
        return read_all(history, from, direction, limit, filter);
    }
    let (history, filter) = (Arc::clone(history), filter.clone());
    off_runtime(move || read_all(&history, from, direction, limit, &filter)).await
}

fn read_all(
    history: &History,
    from: Position,
    direction: Direction,
    limit: usize,
    filter: &Filter,
) -> Result<LogSlice, SourceFault> {
    let mut events = Vec::new();
    let (mut bytes, mut fault) = (0, None);
    let (most, head) = (if limit == 0 { 0 } else { SCAN_MAX_EVENTS }, history.head());
    let visit = |record: RecordRef<'_>| {
        // The newest event is given in any case: whoever follows reaches the head.
        let is_deleted = record.position() != head && history.marks.is_deleted(record.stream());
        let is_gone = is_deleted || record.is_stub();
        if !is_gone && matches(filter, &record) {
            match decode(&record) {
                Ok(event) => events.push(event),
                Err(unreadable) => fault = Some(unreadable),
            }
            bytes += record.payload().len();
        }
        if fault.is_some() || events.len() >= limit || bytes >= BATCH_MAX_BYTES {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let scanned = match filter.stream_prefixes.as_slice() {
        [] => history.scan(from, direction, most, visit)?,
        prefixes => history.scan_streams(from, direction, prefixes, most, visit)?,
    };
    match fault {
        Some(fault) => Err(fault),
        None => Ok(LogSlice { events, next: scanned.next, at_end: scanned.at_end }),
    }
}

/// Does something that may wait for the disk without holding up other tasks.
async fn off_runtime<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, SourceFault> + Send + 'static,
) -> Result<T, SourceFault> {
    match Handle::try_current() {
        Ok(runtime) => {
            let done = runtime.spawn_blocking(read).await;
            done.map_err(|error| SourceFault::Unavailable(error.to_string()))?
        }
        Err(_) => read(),
    }
}
