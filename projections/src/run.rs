//! The runner: one reader gives the same batch to every projection's writer.

pub mod fault;
pub mod lag;
#[cfg(test)]
mod tests;

use crate::database::Database;
use crate::database::row::DatabaseFault;
use crate::observer::Observer;
use crate::projection::{ApplyFault, Projection, Step};
use crate::run::fault::{in_full, is_passing};
use crate::serving::{OpenCopy, Serving};
use crate::wait::{Progress, State};
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{Batch, BoxFuture, EventSource, SourceFault, Subscription};
use futures_util::{FutureExt, StreamExt};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Batches that wait for a projection; while they do, the reader gathers more events into the next one.
const WAITING_BATCHES: usize = 1;
/// The first pause after a database or the log did not answer; doubled up to [`RETRY_PAUSE_MAX`].
const RETRY_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause between two tries.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often a batch is tried again before the projection stops: about a minute.
const RETRIES_MAX: u32 = 16;

/// A batch of so many events makes the reader gather for as long as it may; a smaller one for its share of that. So
/// above this many events in [`Pace::gather`] (1,024/s by default) batches grow until they are full, and below it they
/// shrink until nothing waits.
const FULL_LOAD_EVENTS: usize = 256;

/// Applies a batch: [`Projection::apply`] of one projection.
pub(crate) type Apply = for<'a> fn(&'a [Arc<Recorded>], &'a mut Step<'_>) -> BoxFuture<'a, Result<(), ApplyFault>>;

/// One projection and what it runs with.
#[derive(Clone)]
pub(crate) struct Lane {
    pub(crate) name: &'static str,
    pub(crate) serving: Arc<Serving>,
    pub(crate) progress: Progress,
    pub(crate) apply: Apply,
}

impl Lane {
    pub(crate) fn new<P: Projection>(copy: OpenCopy, position: Position) -> Self {
        // There from the start: an increase is seen only from a value before it.
        stops(P::NAME).increment(0);
        Self {
            name: P::NAME,
            serving: Serving::new(copy),
            progress: Progress::new(P::NAME, position),
            apply: |batch, step| Box::pin(P::apply(batch, step)),
        }
    }

    /// Applies no more events, and says why.
    pub(crate) fn stop(&self, reason: String) {
        stops(self.name).increment(1);
        self.progress.set(State::Stopped(reason));
    }

    /// Whether events can be applied to it: not after it stopped, nor while it is built beside.
    fn runs(&self) -> bool {
        match self.progress.status().state {
            State::Running | State::Retrying(_) => self.serving.now().is_readable,
            State::Building | State::Stopped(_) => false,
        }
    }
}

/// Counts the stops of a projection.
pub(crate) fn stops(name: &'static str) -> metrics::Counter {
    metrics::counter!("projection_stops_total", "projection" => name)
}

/// How to run.
#[derive(Clone)]
pub(crate) struct Pace {
    pub(crate) batch_max_events: usize,
    pub(crate) gather: Duration,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    #[cfg(feature = "mutants")]
    pub(crate) mutant: Option<crate::projection::Mutant>,
}

/// Runs the reader and a writer for each projection until stopped; from the checkpoints again after each switch to another
/// copy.
pub(crate) async fn run_again(
    lanes: Vec<Lane>,
    source: Arc<dyn EventSource>,
    pace: Pace,
    mut switches: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    while !stop.is_cancelled() {
        switches.mark_unchanged();
        let (tracker, round) = (TaskTracker::new(), stop.child_token());
        run(lanes.clone(), source.clone(), pace.clone(), &tracker, round.clone());
        tokio::select! {
            () = stop.cancelled() => {}
            changed = switches.changed() => {
                if changed.is_err() {
                    stop.cancelled().await;
                }
            }
        }
        round.cancel();
        tracker.close();
        tracker.wait().await;
    }
}

/// Spawns the reader and a writer for each projection.
fn run(lanes: Vec<Lane>, source: Arc<dyn EventSource>, pace: Pace, tracker: &TaskTracker, stop: CancellationToken) {
    let mut receivers = Vec::new();
    for lane in lanes.into_iter().filter(Lane::runs) {
        let (sender, batches) = mpsc::channel(WAITING_BATCHES);
        let copy = lane.serving.now();
        let (pace, stop) = (pace.clone(), stop.clone());
        let writer = Writer { lane: lane.clone(), copy, pace, stop };
        tracker.spawn(writer.write(batches));
        receivers.push(Receiver { lane, batches: sender });
    }
    if !receivers.is_empty() {
        tracker.spawn(Reader { source, pace, stop, receivers }.read());
    }
}

struct Receiver {
    lane: Lane,
    batches: mpsc::Sender<Batch>,
}

struct Reader {
    source: Arc<dyn EventSource>,
    pace: Pace,
    stop: CancellationToken,
    receivers: Vec<Receiver>,
}

impl Reader {
    async fn read(mut self) {
        let stop = self.stop.clone();
        tokio::select! {
            () = stop.cancelled() => {}
            fault = self.read_on() => self.stop_all(&fault),
        }
    }

    /// Reads until every projection has stopped, or the log cannot be read any more.
    async fn read_on(&mut self) -> SourceFault {
        let mut pause = RETRY_PAUSE;
        let mut given = self.smallest_checkpoint();
        let behind_until = self.source.head();
        loop {
            let mut subscription = self.source.subscribe(given);
            let fault = self.follow(&mut subscription, &mut given, behind_until, &mut pause).await;
            match fault {
                SourceFault::Unavailable(_) => {
                    tracing::warn!(error = %fault, position = given.0, "the log cannot be read; trying again");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RETRY_PAUSE_MAX);
                }
                SourceFault::Damaged(..) | SourceFault::Unknown(..) | SourceFault::Closed => return fault,
            }
        }
    }

    async fn follow(
        &mut self,
        subscription: &mut Subscription,
        given: &mut Position,
        behind_until: Position,
        pause: &mut Duration,
    ) -> SourceFault {
        let mut until = Instant::now();
        loop {
            let first = match subscription.next().await {
                Some(Ok(batch)) => batch,
                Some(Err(fault)) => return fault,
                None => return SourceFault::Closed,
            };
            *pause = RETRY_PAUSE;
            let (batch, fault) = self.gather(first, subscription, until).await;
            if let Some(last) = batch.last() {
                *given = last.position;
            }
            self.give(&batch).await;
            // What was there at the start is waited for, and is there: nothing is gained by gathering.
            let is_behind = *given < behind_until;
            until = Instant::now() + if is_behind { Duration::ZERO } else { self.pause_after(batch.len()) };
            if let Some(fault) = fault {
                return fault;
            }
            if self.receivers.is_empty() {
                return SourceFault::Closed;
            }
        }
    }

    /// How long to gather after a batch of so many events.
    fn pause_after(&self, events: usize) -> Duration {
        let share = events.min(FULL_LOAD_EVENTS) as f64 / FULL_LOAD_EVENTS as f64;
        self.pace.gather.mul_f64(share)
    }

    /// Adds what is waiting already, and under load what comes until a moment after the last batch: a transaction for a
    /// handful of events costs as much as one for hundreds. Otherwise events are given on at once.
    async fn gather(
        &self,
        first: Batch,
        subscription: &mut Subscription,
        until: Instant,
    ) -> (Batch, Option<SourceFault>) {
        let max = self.pace.batch_max_events;
        let mut more: Vec<Batch> = Vec::new();
        let mut count = first.len();
        let mut fault = None;
        while count < max && fault.is_none() {
            let next = match subscription.next().now_or_never() {
                Some(next) => next,
                None => match timeout_at(until, subscription.next()).await {
                    Ok(next) => next,
                    Err(_) => break,
                },
            };
            match next {
                Some(Ok(batch)) => {
                    count += batch.len();
                    more.push(batch);
                }
                Some(Err(error)) => fault = Some(error),
                None => fault = Some(SourceFault::Closed),
            }
        }
        if more.is_empty() {
            return (first, fault);
        }
        let all: Vec<_> = std::iter::once(&first).chain(&more).flat_map(|batch| batch.iter().cloned()).collect();
        (all.into(), fault)
    }

    /// Gives the batch to every projection that still runs, waiting for the slowest.
    async fn give(&mut self, batch: &Batch) {
        let mut running = Vec::with_capacity(self.receivers.len());
        for receiver in self.receivers.drain(..) {
            if receiver.batches.send(batch.clone()).await.is_ok() {
                running.push(receiver);
            }
        }
        self.receivers = running;
    }

    fn smallest_checkpoint(&self) -> Position {
        self.receivers.iter().map(|receiver| receiver.lane.progress.position()).min().unwrap_or_default()
    }

    fn stop_all(&self, fault: &SourceFault) {
        for Receiver { lane, .. } in &self.receivers {
            tracing::error!(projection = lane.name, error = %fault, "the projection stopped: no more events");
            lane.stop(fault.to_string());
        }
    }
}

struct Writer {
    lane: Lane,
    /// The copy that it writes; once another is served, it ends.
    copy: Arc<OpenCopy>,
    pace: Pace,
    stop: CancellationToken,
}

impl Writer {
    async fn write(self, mut batches: mpsc::Receiver<Batch>) {
        let mut at = self.lane.progress.position();
        while let Some(batch) = batches.recv().await {
            // What this projection had before the reader began, or what the transport repeated.
            let fresh = &batch[batch.partition_point(|event| event.position <= at)..];
            let Some(last) = fresh.last() else { continue };
            let began = Instant::now();
            let applied = self.apply(fresh, at).await;
            let gate = self.lane.serving.hold().await;
            if !self.lane.serving.is(&self.copy) {
                return;
            }
            if let Err(fault) = applied {
                let reason = in_full(&fault);
                tracing::error!(projection = self.lane.name, position = at.0, error = %reason, "the projection stopped");
                self.lane.stop(reason);
                return;
            }
            at = last.position;
            self.lane.progress.moved(at);
            drop(gate);
            metrics::histogram!("projection_batch_size", "projection" => self.lane.name).record(fresh.len() as f64);
            if let Some(observer) = &self.pace.observer {
                observer.applied(self.lane.name, fresh, began.elapsed());
            }
        }
    }

    /// Applies a batch; while the database does not answer, again and again.
    async fn apply(&self, fresh: &[Arc<Recorded>], from: Position) -> Result<(), ApplyFault> {
        let mut pause = RETRY_PAUSE;
        for tried in 0.. {
            let gate = self.lane.serving.hold().await;
            if !self.lane.serving.is(&self.copy) {
                return Ok(());
            }
            let Err(fault) = self.attempt(fresh, from, tried > 0).await else { return Ok(()) };
            drop(gate);
            if tried >= RETRIES_MAX || !is_passing(&fault) || self.stop.is_cancelled() {
                return Err(fault);
            }
            let reason = in_full(&fault);
            tracing::warn!(projection = self.lane.name, error = %reason, "the projection tries again");
            self.lane.progress.set(State::Retrying(reason));
            tokio::select! {
                () = self.stop.cancelled() => return Err(fault),
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
        Ok(())
    }

    /// Applies what is not applied yet. After a fault only the checkpoint knows: the answer to a commit may be lost.
    async fn attempt(&self, fresh: &[Arc<Recorded>], from: Position, again: bool) -> Result<(), ApplyFault> {
        let mut at = from;
        if again {
            let kept = checkpoint(&self.copy.database, self.lane.name).await?;
            // Further back than this batch begins: the database lost what it had committed. Events between would be
            // skipped, so the projection stops; a start applies them again from the checkpoint.
            at = kept
                .map(|(position, _)| position)
                .filter(|position| *position >= from)
                .ok_or(ApplyFault::Fenced(from))?;
        }
        let rest = &fresh[fresh.partition_point(|event| event.position <= at)..];
        let Some(last) = rest.last() else { return Ok(()) };
        self.apply_once(rest, at, last.position).await
    }

    async fn apply_once(&self, batch: &[Arc<Recorded>], from: Position, to: Position) -> Result<(), ApplyFault> {
        let mut step = Step::new(&self.copy.database, self.lane.name, from, to);
        #[cfg(feature = "mutants")]
        step.mutate(self.pace.mutant);
        (self.lane.apply)(batch, &mut step).await?;
        step.finish().await
    }
}

/// Reads the checkpoint and the log that it belongs to.
pub(crate) async fn checkpoint(
    database: &Database,
    name: &'static str,
) -> Result<Option<(Position, uuid::Uuid)>, DatabaseFault> {
    let mut tx = database.begin_read().await?;
    let row = tx.fetch_optional("SELECT position, log_id FROM checkpoint WHERE name = $1", [name.into()]).await?;
    let Some(row) = row else { return Ok(None) };
    let mut columns = row.columns();
    Ok(Some((columns.position()?, columns.take()?)))
}
