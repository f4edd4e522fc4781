//! What the log must hold, kept as plainly as possible: a list of events, written without a look at the engine's structures.

use crate::embedded::append::{Placed, RawAppended, RawUnit};
use commands::log::Expected;
use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::limits::IDEMPOTENCY_KEY_LIFE_SECONDS;
use domain::stream::{Retention, StreamName};
use std::collections::BTreeMap;

/// One event, with everything that a reader is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub position: u64,
    pub stream: String,
    pub revision: u64,
    pub id: EventId,
    pub recorded_at: Time,
    pub payload: Vec<u8>,
    pub last_of_unit: bool,
    /// What proves it, once it was read.
    pub commitment: Option<[u8; 32]>,
    /// Whether only that is left of it.
    pub is_stub: bool,
}

impl Known {
    /// Whether a reader was told what is right.
    fn is_told_as(&self, right: &Self) -> bool {
        let place = |of: &Self| (of.position, of.revision, of.recorded_at, of.last_of_unit);
        let proven = self.commitment.is_none() || right.commitment.is_none() || self.commitment == right.commitment;
        let content = self.is_stub || (self.id == right.id && self.payload == right.payload);
        place(self) == place(right) && self.stream == right.stream && proven && content
    }
}

/// An append whose outcome nobody was told.
pub struct Unresolved {
    pub units: Vec<RawUnit>,
    pub now: Time,
}

/// What was acknowledged, and what may have happened besides.
#[derive(Default)]
pub struct Model {
    pub events: Vec<Known>,
    /// The first revision of a stream that is still read; [`DELETED`] for a deleted one.
    pub hidden: BTreeMap<String, u64>,
    pub unresolved: Vec<Unresolved>,
    pub unresolved_marks: Vec<(String, u64)>,
    /// The latest that the clock ever showed.
    pub latest: Time,
}

/// Everything of a stream is hidden, for good.
pub const DELETED: u64 = u64::MAX;

fn revision(events: &[Known], stream: &StreamName) -> Option<u64> {
    let count = events.iter().filter(|event| event.stream == stream.as_str()).count() as u64;
    count.checked_sub(1)
}

fn retention(stream: &str) -> Retention {
    StreamName::parse(stream).unwrap().category().retention()
}

fn holds(expected: Expected, actual: Option<u64>) -> bool {
    match expected {
        Expected::NoStream => actual.is_none(),
        Expected::Exactly(revision) => actual == Some(revision),
        Expected::Any => true,
    }
}

/// What becomes of a unit after these events, and the events that it adds. `fallen` are the streams that units before it in
/// its call were to write and did not.
fn judge_after(
    fallen: &mut Vec<StreamName>,
    events: &[Known],
    hidden: &BTreeMap<String, u64>,
    unit: &RawUnit,
    now: Time,
) -> (RawAppended, Vec<Known>) {
    let judged = judge(fallen, events, hidden, unit, now);
    if !matches!(judged.0, RawAppended::Committed(_)) {
        fallen.extend(unit.writes.iter().map(|write| write.stream.clone()));
    }
    judged
}

fn judge(
    fallen: &[StreamName],
    events: &[Known],
    hidden: &BTreeMap<String, u64>,
    unit: &RawUnit,
    now: Time,
) -> (RawAppended, Vec<Known>) {
    for new in unit.writes.iter().flat_map(|write| &write.events) {
        if let Some(there) = events.iter().find(|event| event.id == new.id) {
            return (RawAppended::Duplicate(Position(there.position)), Vec::new());
        }
    }
    let deleted = |stream: &StreamName| hidden.get(stream.as_str()) == Some(&DELETED);
    if let Some(write) = unit.writes.iter().find(|write| deleted(&write.stream)) {
        return (RawAppended::Deleted { stream: write.stream.clone() }, Vec::new());
    }
    let expectations = unit.writes.iter().map(|write| (&write.stream, write.expected));
    for (stream, expected) in expectations.chain(unit.checks.iter().map(|check| (&check.stream, check.expected))) {
        let actual = revision(events, stream);
        if !holds(expected, actual) || expected != Expected::Any && fallen.contains(stream) {
            return (RawAppended::Conflict { stream: stream.clone(), actual }, Vec::new());
        }
    }
    let recorded_at = events.last().map_or(now, |last| last.recorded_at.max(now));
    let (mut added, mut revisions) = (Vec::new(), Vec::new());
    for write in &unit.writes {
        let first = revision(events, &write.stream).map_or(0, |newest| newest + 1);
        revisions.push(first);
        for (new, revision) in write.events.iter().zip(first..) {
            added.push(Known {
                position: events.len() as u64 + added.len() as u64 + 1,
                stream: write.stream.as_str().to_owned(),
                revision,
                id: new.id,
                recorded_at,
                payload: new.payload.to_vec(),
                last_of_unit: false,
                commitment: None,
                is_stub: false,
            });
        }
    }
    if let Some(last) = added.last_mut() {
        last.last_of_unit = true;
    }
    let first = Position(events.len() as u64 + 1);
    (RawAppended::Committed(Placed { first, recorded_at, revisions }), added)
}

impl Model {
    /// An append was answered: it must be what is right, and from now on it stands.
    pub fn answered(&mut self, units: &[RawUnit], now: Time, answers: &[RawAppended]) -> Result<(), String> {
        if !self.unresolved.is_empty() {
            return Err("an append was answered although one before it had failed".into());
        }
        if units.len() != answers.len() {
            return Err(format!("{} units were answered {} times", units.len(), answers.len()));
        }
        let mut fallen = Vec::new();
        for (unit, answer) in units.iter().zip(answers) {
            let (right, added) = judge_after(&mut fallen, &self.events, &self.hidden, unit, now);
            if right != *answer {
                return Err(format!("a unit was answered {answer:?} instead of {right:?}"));
            }
            self.events.extend(added);
        }
        Ok(())
    }

    /// The log was opened again and holds this.
    pub fn found(&mut self, found: &[Known]) -> Result<(), String> {
        let sure = self.events.len();
        self.same(found.get(..sure.min(found.len())).unwrap_or_default(), &self.events)?;
        let mut ends = vec![sure];
        for append in std::mem::take(&mut self.unresolved) {
            let mut fallen = Vec::new();
            for unit in &append.units {
                let (_, added) = judge_after(&mut fallen, &self.events, &self.hidden, unit, append.now);
                self.events.extend(added);
                ends.push(self.events.len());
            }
        }
        if !ends.contains(&found.len()) {
            return Err(format!("{} events are there, where units end at {ends:?}", found.len()));
        }
        self.events.truncate(found.len());
        self.has(found)
    }

    /// Everything that the log holds: it must be this, and what proves it stays as it is now.
    pub fn has(&mut self, found: &[Known]) -> Result<(), String> {
        self.same(found, &self.events)?;
        for (right, found) in self.events.iter_mut().zip(found) {
            right.commitment = found.commitment;
        }
        Ok(())
    }

    /// The first revision of a stream that is still read, by its marks and how many of it are kept.
    pub fn lowest(&self, stream: &str) -> u64 {
        let marked = self.hidden.get(stream).copied().unwrap_or(0);
        let newest = self.events.iter().filter(|event| event.stream == stream).map(|event| event.revision).next_back();
        let kept = retention(stream).max_count.zip(newest);
        marked.max(kept.map_or(0, |(count, newest)| (newest + 1).saturating_sub(count)))
    }

    /// Whether nobody reads an event any more at this time.
    pub fn is_aged(event: &Known, now: Time) -> bool {
        let age = retention(&event.stream).max_age_seconds;
        age.is_some_and(|age| event.recorded_at < now.plus_seconds(-(age as i64)))
    }

    /// Whether the id of an event may be forgotten.
    pub fn is_forgettable(&self, event: &Known) -> bool {
        event.recorded_at < self.latest.plus_seconds(-IDEMPOTENCY_KEY_LIFE_SECONDS)
    }

    /// Whether a stub may have taken the place of an event.
    pub fn may_be_a_stub(&self, event: &Known) -> bool {
        let is_hidden = event.revision < self.lowest(&event.stream) || Self::is_aged(event, self.latest);
        is_hidden && self.is_forgettable(event) && event.position < self.events.len() as u64
    }

    /// Tells the first difference.
    pub fn same(&self, found: &[Known], expected: &[Known]) -> Result<(), String> {
        for (n, right) in expected.iter().enumerate() {
            match found.get(n) {
                Some(there) if there.is_stub && !self.may_be_a_stub(right) => {
                    return Err(format!("a stub is there instead of {right:?}"));
                }
                Some(there) if there.is_told_as(right) => {}
                Some(there) => return Err(format!("{there:?} is there instead of {right:?}")),
                None => return Err(format!("{right:?} is not there")),
            }
        }
        match found.get(expected.len()) {
            Some(more) => Err(format!("{more:?} is there and should not")),
            None => Ok(()),
        }
    }

    /// The log was opened again and hides the events of this stream before this revision.
    pub fn found_mark(&mut self, stream: &str, before: u64) -> Result<(), String> {
        let sure = self.hidden.get(stream).copied().unwrap_or(0);
        let possible = self.unresolved_marks.iter().any(|(name, at)| name == stream && *at == before);
        if before != sure && !possible {
            return Err(format!("{stream} is hidden before {before} instead of {sure}"));
        }
        self.hidden.insert(stream.to_owned(), before);
        Ok(())
    }
}
