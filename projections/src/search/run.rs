//! Follows the log: takes events over, and commits when somebody waits, when enough has gathered, or after a moment.

use super::apply::{Applied, Applier, ApplyFault, in_background};
use super::index::{Checkpoint, Index};
use super::local::Inner;
use super::port::SearchFault;
use crate::run::fault::in_full;
use crate::run::stops;
use crate::wait::State;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{EventSource, SourceFault, Subscription};
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Between two commits that somebody waits for, at least.
const COMMIT_PAUSE: Duration = Duration::from_millis(50);
/// What nobody waits for is committed after so long.
const COMMIT_AFTER: Duration = Duration::from_millis(400);
/// While so many events are still to come, commits are rarer.
const FAR_BEHIND_EVENTS: u64 = 10_000;
/// So much rarer.
const COMMIT_AFTER_BEHIND: Duration = Duration::from_secs(5);
/// Changes of one commit.
const COMMIT_CHANGES: usize = 200_000;
/// Events that are taken over at once: opening their words keeps a thread of the runtime for a millisecond.
const BATCH_MAX_EVENTS: usize = 256;
/// Events without anything to find, after which the checkpoint is stored nevertheless.
const IDLE_EVENTS: u64 = 100_000;
/// The first pause after the log or the keys store did not answer; doubled up to [`RETRY_PAUSE_MAX`].
const RETRY_PAUSE: Duration = Duration::from_millis(100);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Why following ended.
enum Ended {
    /// The server stops, or another index is served.
    Asked,
    /// The log cannot be read at the moment.
    Away(SourceFault),
    /// It cannot go on.
    Broken(String),
}

/// Follows the log with the index that is served, and with the next one after a switch.
pub(super) async fn run(inner: Arc<Inner>, source: Arc<dyn EventSource>, stop: CancellationToken) {
    let mut pause = RETRY_PAUSE;
    while !stop.is_cancelled() {
        let mut switches = inner.switches();
        let (index, at) = inner.serving();
        let mut follower = Follower::new(inner.clone(), index.clone(), at, source.clone());
        match follower.follow(&stop, &mut pause).await {
            Ended::Asked => {}
            Ended::Away(fault) => {
                let error = in_full(&fault);
                tracing::warn!(%error, "the search index cannot read the log; trying again");
                inner.tell(&index, State::Retrying(error), None);
                stop.run_until_cancelled(tokio::time::sleep(pause)).await;
                pause = (pause * 2).min(RETRY_PAUSE_MAX);
            }
            Ended::Broken(reason) => {
                if !inner.tell(&index, State::Stopped(reason.clone()), None) {
                    continue;
                }
                tracing::error!(%reason, "the search index stopped");
                stops(super::local::NAME).increment(1);
                // Another index may be built meanwhile.
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = switches.changed() => {}
                }
            }
        }
    }
}

struct Follower {
    inner: Arc<Inner>,
    applier: Applier,
    /// Taken over, perhaps not committed.
    at: Position,
    /// Committed with the index.
    stored: Position,
    /// Changes since the last commit, and since when.
    pending: usize,
    pending_since: Instant,
    committed_at: Instant,
    /// The log's end when this began: until it is reached answers lack something.
    start: Position,
}

impl Follower {
    fn new(inner: Arc<Inner>, index: Arc<Index>, at: Position, source: Arc<dyn EventSource>) -> Self {
        let (now, start) = (Instant::now(), source.head());
        let applier = Applier::new(index, source, inner.words.clone());
        // Who waits for the first commit, such as a start, waits for no pause.
        let committed_at = now.checked_sub(COMMIT_PAUSE).unwrap_or(now);
        Self { inner, applier, at, stored: at, pending: 0, pending_since: now, committed_at, start }
    }

    async fn follow(&mut self, stop: &CancellationToken, pause: &mut Duration) -> Ended {
        let (mut switches, mut wanted) = (self.inner.switches(), self.inner.wanted());
        if !self.tell() {
            return Ended::Asked;
        }
        let mut events = self.applier.source.subscribe(self.at);
        loop {
            let due = self.due(*wanted.borrow_and_update());
            let done = tokio::select! {
                biased;
                () = stop.cancelled() => {
                    drop(self.commit().await);
                    return Ended::Asked;
                }
                _ = switches.changed() => return Ended::Asked,
                () = tokio::time::sleep_until(due.unwrap_or(self.pending_since)), if due.is_some() => self.commit().await,
                changed = wanted.changed(), if self.pending > 0 => changed.map_err(|_| ApplyFault::from(SearchFault::BrokenOff)),
                next = events.next() => {
                    let (batch, fault) = match next {
                        Some(Ok(first)) => gather(first.to_vec(), &mut events),
                        Some(Err(fault)) => (Vec::new(), Some(fault)),
                        None => (Vec::new(), Some(SourceFault::Closed)),
                    };
                    *pause = if batch.is_empty() { *pause } else { RETRY_PAUSE };
                    let taken = self.take_all(&batch).await;
                    taken.and(fault.map_or(Ok(()), |fault| Err(ApplyFault::Source(fault))))
                }
            };
            match done {
                Ok(()) => {}
                // Of the part that failed nothing was taken over; it is read again.
                Err(fault) if fault.is_passing() => {
                    if let Err(fault) = self.commit().await {
                        return Ended::Broken(in_full(&fault));
                    }
                    return Ended::Away(SourceFault::Unavailable(in_full(&fault)));
                }
                Err(fault) => return Ended::Broken(in_full(&fault)),
            }
        }
    }

    /// When the next commit is due; none while nothing is pending.
    fn due(&self, wanted: Position) -> Option<Instant> {
        if self.pending == 0 {
            return None;
        }
        let behind = self.applier.source.head().0.saturating_sub(self.at.0);
        let after = if behind > FAR_BEHIND_EVENTS { COMMIT_AFTER_BEHIND } else { COMMIT_AFTER };
        let usual = self.pending_since + after;
        Some(if wanted > self.inner.position() { (self.committed_at + COMMIT_PAUSE).min(usual) } else { usual })
    }

    async fn take_all(&mut self, batch: &[Arc<Recorded>]) -> Result<(), ApplyFault> {
        for part in batch.chunks(BATCH_MAX_EVENTS) {
            self.take(part).await?;
        }
        Ok(())
    }

    async fn take(&mut self, batch: &[Arc<Recorded>]) -> Result<(), ApplyFault> {
        let fresh = &batch[batch.partition_point(|event| event.position <= self.at)..];
        let Some(last) = fresh.last() else { return Ok(()) };
        let Applied { changes, has_erased } = self.applier.apply(fresh).await?;
        self.at = last.position;
        if self.pending == 0 {
            self.pending_since = Instant::now();
        }
        self.pending += changes;
        if has_erased {
            self.inner.purge_soon();
        }
        if self.pending >= COMMIT_CHANGES || self.at.0 - self.stored.0 >= IDLE_EVENTS {
            return self.commit().await;
        }
        if self.pending == 0 {
            self.tell();
        }
        Ok(())
    }

    /// Stores what was taken over, with its checkpoint.
    async fn commit(&mut self) -> Result<(), ApplyFault> {
        if self.pending > 0 || self.at > self.stored {
            let began = Instant::now();
            let checkpoint = Checkpoint { log: self.inner.log_id, position: self.at };
            let index = self.applier.index.clone();
            in_background(move || index.commit(checkpoint)).await?;
            metrics::histogram!("search_commit_seconds").record(began.elapsed().as_secs_f64());
            metrics::counter!("search_changes_total").increment(self.pending as u64);
            (self.pending, self.stored, self.committed_at) = (0, self.at, Instant::now());
        }
        self.tell();
        Ok(())
    }

    /// What was taken over can be found. False when another index is served.
    fn tell(&self) -> bool {
        let state = if self.at >= self.start { State::Running } else { State::Building };
        self.inner.tell(&self.applier.index, state, Some(self.at))
    }
}

/// Adds what is waiting already, and tells what ended it.
fn gather(mut batch: Vec<Arc<Recorded>>, events: &mut Subscription) -> (Vec<Arc<Recorded>>, Option<SourceFault>) {
    while batch.len() < BATCH_MAX_EVENTS {
        match events.next().now_or_never() {
            Some(Some(Ok(more))) => batch.extend(more.iter().cloned()),
            Some(Some(Err(fault))) => return (batch, Some(fault)),
            Some(None) => return (batch, Some(SourceFault::Closed)),
            None => break,
        }
    }
    (batch, None)
}
