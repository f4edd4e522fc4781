//! Judging units on what is durable and on what the units before them in the same batch write, and laying the
//! committed ones out as bytes.

use super::append::{Placed, RawAppended, RawUnit};
use super::history::{History, State};
use super::record::{self, Place};
use commands::log::{Expected, LogFault};
use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::limits::EVENT_MAX_BYTES;
use domain::source::SourceFault;
use domain::stream::StreamName;
use rustc_hash::FxHashMap;

/// Bytes of one unit's payloads, at most: a unit stands in one segment.
pub const UNIT_MAX_BYTES: usize = 64 << 20;

/// An event that is laid out and not durable yet.
pub struct LaidOut {
    /// Its stream.
    pub stream: StreamName,
    /// Its place there.
    pub revision: u64,
    /// Its id.
    pub id: EventId,
    /// The length of its record in bytes.
    pub length: u32,
}

/// What is written and synced at once.
#[derive(Default)]
pub struct Batch {
    /// The position of its first event.
    pub first: u64,
    /// The writer's clock for all its events.
    pub recorded_at: Time,
    /// The records.
    pub bytes: Vec<u8>,
    /// The events in order.
    pub events: Vec<LaidOut>,
    heads: FxHashMap<StreamName, Option<u64>>,
    ids: FxHashMap<EventId, Position>,
}

impl Batch {
    /// Forgets everything; the next event takes position `first`.
    pub fn begin(&mut self, first: u64, recorded_at: Time) {
        self.first = first;
        self.recorded_at = recorded_at;
        self.bytes.clear();
        self.events.clear();
        self.heads.clear();
        self.ids.clear();
    }

    fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    fn head(&self, history: &History, state: &State, stream: &StreamName) -> Result<Option<u64>, SourceFault> {
        match self.heads.get(stream) {
            Some(pending) => Ok(*pending),
            None => history.revision(state, stream),
        }
    }

    /// Judges a unit and lays it out if it is to be committed. `fallen` are the streams that units before it in the same
    /// call were to write and did not; those of this one join them if it falls. A fault of a read is one of the whole call; the batch is
    /// as it was before.
    pub fn judge(
        &mut self,
        history: &History,
        state: &State,
        ids_since: Time,
        fallen: &mut Vec<StreamName>,
        unit: &RawUnit,
    ) -> Result<RawAppended, LogFault> {
        let judged = self.judge_after(history, state, ids_since, fallen, unit)?;
        if !matches!(judged, RawAppended::Committed(_)) {
            fallen.extend(unit.writes.iter().map(|write| write.stream.clone()));
        }
        Ok(judged)
    }

    fn judge_after(
        &mut self,
        history: &History,
        state: &State,
        ids_since: Time,
        fallen: &[StreamName],
        unit: &RawUnit,
    ) -> Result<RawAppended, LogFault> {
        let unreadable = |fault: SourceFault| LogFault::Failed(fault.to_string());
        if let Some(position) = self.duplicate(history, state, ids_since, unit).map_err(unreadable)? {
            return Ok(RawAppended::Duplicate(position));
        }
        if is_too_large(unit) {
            return Ok(RawAppended::TooLarge);
        }
        if let Some(write) = unit.writes.iter().find(|write| history.marks.is_deleted(write.stream.as_str())) {
            return Ok(RawAppended::Deleted { stream: write.stream.clone() });
        }
        let mut revisions = Vec::with_capacity(unit.writes.len());
        for write in &unit.writes {
            let actual = self.head(history, state, &write.stream).map_err(unreadable)?;
            if !write.expected.holds(actual) || write.expected != Expected::Any && fallen.contains(&write.stream) {
                return Ok(RawAppended::Conflict { stream: write.stream.clone(), actual });
            }
            revisions.push(actual.map_or(0, |newest| newest + 1));
        }
        for check in unit.checks.iter().filter(|check| check.expected != Expected::Any) {
            let actual = self.head(history, state, &check.stream).map_err(unreadable)?;
            if !check.expected.holds(actual) || fallen.contains(&check.stream) {
                return Ok(RawAppended::Conflict { stream: check.stream.clone(), actual });
            }
        }
        Ok(RawAppended::Committed(self.lay_out(unit, revisions)))
    }

    fn duplicate(
        &self,
        history: &History,
        state: &State,
        since: Time,
        unit: &RawUnit,
    ) -> Result<Option<Position>, SourceFault> {
        for event in unit.writes.iter().flat_map(|write| &write.events) {
            let pending = self.ids.get(&event.id).copied();
            if let Some(position) = pending.map_or_else(|| history.find(state, event.id, since), |p| Ok(Some(p)))? {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    fn lay_out(&mut self, unit: &RawUnit, revisions: Vec<u64>) -> Placed {
        let first = Position(self.next());
        let count: usize = unit.writes.iter().map(|write| write.events.len()).sum();
        let end = first.0 + count as u64;
        for (write, first) in unit.writes.iter().zip(&revisions) {
            let mut revision = *first;
            for event in &write.events {
                let position = self.next();
                let place = Place {
                    position,
                    revision,
                    batch: self.first,
                    recorded_at: self.recorded_at,
                    last_of_unit: position + 1 == end,
                };
                let start = self.bytes.len();
                record::encode(&mut self.bytes, place, write.stream.as_str(), event);
                let length = (self.bytes.len() - start) as u32;
                self.ids.insert(event.id, Position(position));
                self.events.push(LaidOut { stream: write.stream.clone(), revision, id: event.id, length });
                revision += 1;
            }
            self.heads.insert(write.stream.clone(), Some(revision - 1));
        }
        Placed { first, recorded_at: self.recorded_at, revisions }
    }
}

fn is_too_large(unit: &RawUnit) -> bool {
    let sizes = || unit.writes.iter().flat_map(|write| &write.events).map(|event| event.payload.len());
    sizes().any(|size| size > EVENT_MAX_BYTES) || sizes().sum::<usize>() > UNIT_MAX_BYTES
}
