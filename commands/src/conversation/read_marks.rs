//! Merging of read watermarks: people scroll, and not every step needs an event.
//!
//! The first `MarkRead` of a person in a conversation is appended at once. Those that follow within
//! [`MERGE_FOR`] are decided and answered at once too, but appended as one, the greatest, when the time is over or
//! the process stops. So a crash may set a watermark back by that long; nothing else is ever acknowledged before it
//! is durable.

use crate::command::Envelope;
use crate::conversation::mark_read::MarkRead;
use crate::execute::{Done, Executor, Failure};
use domain::ids::{AccountId, ConversationId};
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long later watermarks are merged.
pub const MERGE_FOR: Duration = Duration::from_secs(2);
/// Merged watermarks that are being appended at once.
const APPENDS_AT_ONCE: usize = 256;
/// How many watermarks are remembered at once; beyond it every one is appended at once.
pub const MERGED_MAX: usize = 100_000;

type Place = (AccountId, ConversationId);

/// Merges read watermarks on their way to the executor.
pub struct ReadMarks {
    executor: Arc<Executor>,
    recent: Mutex<Recent>,
}

#[derive(Default)]
struct Recent {
    /// What waits to be appended for whom; none when nothing came since the last append.
    places: FxHashMap<Place, Option<(u64, Envelope)>>,
    /// When the time of each place is over, in that order.
    ends: VecDeque<(Instant, Place)>,
    is_stopping: bool,
}

impl ReadMarks {
    /// Starts merging, until `stop`; then what waits is appended.
    pub fn new(executor: Arc<Executor>, tracker: &TaskTracker, stop: CancellationToken) -> Arc<Self> {
        let marks = Arc::new(Self { executor, recent: Mutex::default() });
        tracker.spawn(Arc::clone(&marks).run(stop));
        marks
    }

    /// Moves a watermark. What is merged is answered as "already so", with the log's head: its event comes later.
    ///
    /// # Errors
    /// As [`Executor::execute`].
    pub async fn mark(&self, command: MarkRead, envelope: Envelope) -> Result<Done, Failure> {
        let place = (envelope.actor.unwrap_or(AccountId::new(uuid::Uuid::nil())), command.conversation);
        if envelope.import.is_some() || envelope.idempotency.is_some() || self.begin(place) {
            return self.executor.execute(command, envelope).await;
        }
        let (moves, done) = self.executor.preview(&command, &envelope).await?;
        if moves && !self.merge(place, command.seq, &envelope) {
            return self.executor.execute(command, envelope).await;
        }
        Ok(done)
    }

    /// Whether the watermark is the first in its time, or there is no time for merging.
    fn begin(&self, place: Place) -> bool {
        let mut recent = self.recent.lock();
        if recent.places.contains_key(&place) {
            return false;
        }
        if recent.places.len() < MERGED_MAX && !recent.is_stopping {
            recent.places.insert(place, None);
            recent.ends.push_back((Instant::now() + MERGE_FOR, place));
        }
        true
    }

    /// Keeps a watermark that moves; false when its time is over already.
    fn merge(&self, place: Place, seq: u64, envelope: &Envelope) -> bool {
        let mut recent = self.recent.lock();
        let Some(waiting) = recent.places.get_mut(&place) else { return false };
        if waiting.as_ref().is_none_or(|(greatest, _)| *greatest < seq) {
            *waiting = Some((seq, envelope.clone()));
        }
        true
    }

    async fn run(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let next = self.recent.lock().ends.front().map(|(end, _)| *end);
            let next = next.unwrap_or_else(|| Instant::now() + MERGE_FOR);
            let goes_on = stop.run_until_cancelled(sleep_until(next)).await.is_some();
            let over = self.recent.lock().end(Instant::now(), !goes_on);
            let append = |(place, seq, envelope)| self.append(place, seq, envelope);
            stream::iter(over).for_each_concurrent(APPENDS_AT_ONCE, append).await;
            if !goes_on {
                return;
            }
        }
    }

    async fn append(&self, place: Place, seq: u64, envelope: Envelope) {
        let command = MarkRead { conversation: place.1, seq };
        match self.executor.execute(command, envelope.clone()).await {
            Ok(_) | Err(Failure::Refused(..)) => {}
            Err(failure) => {
                let comes_again = self.merge(place, seq, &envelope);
                let cause: &dyn std::error::Error = &failure;
                tracing::warn!(conversation = %place.1, comes_again, cause, "a read watermark was not appended");
            }
        }
    }
}

impl Recent {
    /// What must be appended now: of the places whose time is over, of all of them at the end. A place that moved
    /// goes on for another time.
    fn end(&mut self, now: Instant, is_stopping: bool) -> Vec<(Place, u64, Envelope)> {
        self.is_stopping = is_stopping;
        let mut over = Vec::new();
        while let Some((_, place)) = self.ends.pop_front_if(|(end, _)| is_stopping || *end <= now) {
            if let Some((seq, envelope)) = self.places.remove(&place).flatten() {
                over.push((place, seq, envelope));
                if !is_stopping {
                    self.places.insert(place, None);
                    self.ends.push_back((now + MERGE_FOR, place));
                }
            }
        }
        over
    }
}
