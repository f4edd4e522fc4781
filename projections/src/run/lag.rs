//! How far projections are behind the log, told every second: also of those that apply nothing.
//!
//! What is told is of the copy that is served, so a rebuild beside it changes nothing until the switch. A projection
//! that is built for the first time, or that has stopped, lacks what it lacks.

#[cfg(test)]
mod tests;

use crate::wait::{State, Status};
use domain::clock::{Clock, Time};
use domain::ids::Position;
use domain::source::{Direction, EventSource, Filter};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often it is told.
const TELL_EVERY: Duration = Duration::from_secs(1);
/// How long a look waits for the log. What comes later counts at the next look.
const READ_PATIENCE: Duration = Duration::from_millis(500);
/// After so long the log is asked anew.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// How far a projection is behind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lag {
    /// Events that are not applied yet.
    pub(crate) events: u64,
    /// Age of the oldest of them.
    pub(crate) seconds: f64,
}

/// What is known of the oldest event that a projection has not applied.
#[derive(Debug)]
struct Oldest {
    /// The projection's position when this began.
    from: Position,
    /// No event stands between there and here.
    looked: Position,
    /// The event, once the log gave it, and when it was recorded.
    found: Option<(Position, Time)>,
    /// Since when the projection is known to be behind: as old as the event is at least, if the log does not give it.
    seen: Time,
}

impl Oldest {
    fn new(position: Position, now: Time) -> Self {
        Self { from: position, looked: position, found: None, seen: now }
    }

    /// Whether it is still the oldest one of a projection that stands here.
    fn is_of(&self, position: Position) -> bool {
        match self.found {
            Some((at, _)) => self.from <= position && position < at,
            None => self.from == position,
        }
    }

    fn seconds(&self, now: Time) -> f64 {
        let since = self.found.map_or(self.seen, |(_, recorded_at)| recorded_at);
        now.micros().saturating_sub(since.micros()).max(0) as f64 / 1e6
    }
}

/// Where a look into the log began, and what came of it: how far it went, and the first event.
type Read = BTreeMap<Position, (Position, Option<(Position, Time)>)>;

/// Looks how far projections are behind.
pub struct Lags {
    source: Arc<dyn EventSource>,
    clock: Arc<dyn Clock>,
    on: Handle,
    tracker: TaskTracker,
    stop: CancellationToken,
    known: BTreeMap<&'static str, Oldest>,
    /// The one look into the log that is under way.
    reading: Option<JoinHandle<Read>>,
}

impl Lags {
    /// Reads the log `on` a runtime: a disk that stalls holds up nothing but that.
    pub fn new(
        source: Arc<dyn EventSource>,
        clock: Arc<dyn Clock>,
        on: &Handle,
        tracker: &TaskTracker,
        stop: CancellationToken,
    ) -> Self {
        let (on, tracker) = (on.clone(), tracker.clone());
        Self { source, clock, on, tracker, stop, known: BTreeMap::new(), reading: None }
    }

    /// Tells it of all of these, until stopped.
    pub async fn tell(mut self, statuses: impl Fn() -> Vec<Status> + Send) {
        let mut ticks = interval(TELL_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stop = self.stop.clone();
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let head = self.source.head();
            let statuses = statuses();
            let lags = self.look(head, &statuses).await;
            for (status, lag) in statuses.iter().zip(lags) {
                let is_stopped = matches!(status.state, State::Stopped(_));
                metrics::gauge!("projection_position", "projection" => status.name).set(status.position.0 as f64);
                metrics::gauge!("projection_lag_events", "projection" => status.name).set(lag.events as f64);
                metrics::gauge!("projection_lag_seconds", "projection" => status.name).set(lag.seconds);
                metrics::gauge!("projection_stopped", "projection" => status.name).set(f64::from(is_stopped));
            }
        }
    }

    /// How far each is behind.
    async fn look(&mut self, head: Position, statuses: &[Status]) -> Vec<Lag> {
        let now = self.clock.now();
        for status in statuses {
            if status.lag_events(head) == 0 {
                self.known.remove(status.name);
            } else if !self.known.get(status.name).is_some_and(|oldest| oldest.is_of(status.position)) {
                self.known.insert(status.name, Oldest::new(status.position, now));
            }
        }
        self.read().await;
        let lag = |status: &Status| Lag {
            events: status.lag_events(head),
            seconds: self.known.get(status.name).map_or(0.0, |oldest| oldest.seconds(now)),
        };
        statuses.iter().map(lag).collect()
    }

    /// Asks the log for what is not known: one small read for each place where a projection stands.
    async fn read(&mut self) {
        let unknown = self.known.values().filter(|oldest| oldest.found.is_none());
        let places: BTreeSet<Position> = unknown.map(|oldest| oldest.looked).collect();
        if places.is_empty() {
            return;
        }
        let reading = self.reading.get_or_insert_with(|| {
            let (source, stop) = (self.source.clone(), self.stop.clone());
            let reads = async move {
                let read = timeout(READ_LIMIT, read(&*source, places));
                stop.run_until_cancelled(read).await.and_then(Result::ok).unwrap_or_default()
            };
            self.tracker.spawn_on(reads, &self.on)
        });
        let Ok(ended) = timeout(READ_PATIENCE, reading).await else { return };
        self.reading = None;
        let read = ended.unwrap_or_default();
        for oldest in self.known.values_mut().filter(|oldest| oldest.found.is_none()) {
            if let Some((looked, found)) = read.get(&oldest.looked) {
                (oldest.looked, oldest.found) = (*looked, *found);
            }
        }
    }
}

/// The first event after each place. Where much was reclaimed none may come, and the next look goes on from there.
async fn read(source: &dyn EventSource, places: BTreeSet<Position>) -> Read {
    let mut read = Read::new();
    for place in places {
        match source.read_all(place, Direction::Forward, 1, &Filter::default()).await {
            Ok(slice) => {
                let first = slice.events.first().map(|event| (event.position, event.recorded_at));
                read.insert(place, (slice.next.max(place), first));
            }
            Err(error) => tracing::debug!(position = place.0, %error, "the age of an event is not known"),
        }
    }
    read
}
