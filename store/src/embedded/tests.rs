//! What the embedded log promises. The disk is simulated where it must fail, and real elsewhere.

#![expect(clippy::disallowed_methods, reason = "tests wait for every task that they spawn")]

pub mod chance;
pub mod simulated;

mod appending;
mod damage;
mod faults;
mod filtering;
mod flips;
mod following;
#[cfg(feature = "mutants")]
mod mutants;
mod pacing;
mod places;
mod reading;
mod reclaiming;
mod recovering;
mod segments;
mod simulation;

use super::append::{RawAppended, RawUnit, RawWrite};
use super::engine::Log;
use super::options::Options;
use super::record::RawEvent;
use bytes::Bytes;
use commands::log::{Check, Expected};
use domain::clock::{Clock, Time};
use domain::ids::{ConversationId, EventId, Position};
use domain::source::Direction;
use domain::stream::StreamName;
use parking_lot::Mutex;
use simulated::SimulatedDisk;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// A clock that stands until it is moved.
pub struct StoppedClock(Mutex<Time>);

impl StoppedClock {
    pub fn moves_by_seconds(&self, seconds: i64) {
        let mut now = self.0.lock();
        *now = now.plus_seconds(seconds);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Time {
        *self.0.lock()
    }
}

/// A place for a log on a simulated disk.
pub struct Place {
    pub disk: Arc<SimulatedDisk>,
    pub clock: Arc<StoppedClock>,
    pub segment_bytes: u64,
}

impl Place {
    pub fn new() -> Self {
        let clock = Arc::new(StoppedClock(Mutex::new(Time::from_micros(1_735_689_600_000_000))));
        Self { disk: Arc::default(), clock, segment_bytes: 64 << 10 }
    }

    pub fn with_segments_of(segment_bytes: u64) -> Self {
        Self { segment_bytes, ..Self::new() }
    }

    pub fn on(disk: SimulatedDisk) -> Self {
        Self { disk: Arc::new(disk), ..Self::new() }
    }

    pub fn dir() -> &'static Path {
        Path::new("/log")
    }

    pub fn first_segment() -> PathBuf {
        Self::dir().join("00000000000000000001.seg")
    }

    pub fn options(&self) -> Options {
        let disk = Arc::clone(&self.disk);
        Options { segment_bytes: self.segment_bytes, disk, ..Options::new(self.clock.clone(), [7; 16]) }
    }

    pub fn open(&self) -> Log {
        Log::open(Self::dir(), self.options()).unwrap()
    }
}

pub fn stream(n: u128) -> StreamName {
    StreamName::conversation(ConversationId::new(Uuid::from_u128(n)))
}

pub fn id(n: u128) -> EventId {
    EventId::new(Uuid::from_u128(n))
}

/// An event whose payload tells its id.
pub fn event(n: u128) -> RawEvent {
    RawEvent {
        id: id(n),
        event_type: Cow::Borrowed("MemberJoined"),
        schema_version: 1,
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::from_u128(n),
        causation_id: None,
        fingerprint: None,
        payload: Bytes::from(format!("event {n}")),
    }
}

pub fn write(to: StreamName, expected: Expected, ids: impl IntoIterator<Item = u128>) -> RawWrite {
    RawWrite { stream: to, expected, events: ids.into_iter().map(event).collect() }
}

/// A unit of one write.
pub fn unit(to: StreamName, expected: Expected, ids: impl IntoIterator<Item = u128>) -> RawUnit {
    RawUnit { writes: vec![write(to, expected, ids)], checks: Vec::new() }
}

pub fn check(stream: StreamName, expected: Expected) -> Check {
    Check { stream, expected }
}

/// Appends one unit, which must be committed.
pub async fn commit(log: &Log, unit: RawUnit) -> Position {
    match log.append(vec![unit]).await.unwrap().as_slice() {
        [RawAppended::Committed(placed)] => placed.first,
        other => panic!("not committed: {other:?}"),
    }
}

/// Position and id of every event, as reading the whole log gives them.
pub fn everything(log: &Log) -> Vec<(u64, u128)> {
    let mut all = Vec::new();
    let scan = log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
        assert_eq!(record.payload(), format!("event {}", record.id().uuid().as_u128()).as_bytes());
        all.push((record.position().0, record.id().uuid().as_u128()));
        ControlFlow::Continue(())
    });
    assert!(scan.unwrap().at_end);
    all
}

/// Revisions of a stream's events as it is read.
pub fn revisions(log: &Log, of: &StreamName, from: u64, direction: Direction, limit: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let show = log.history().read_stream(of, from, direction, limit, |record| {
        seen.push(record.revision());
        Ok(())
    });
    show.unwrap();
    seen
}
