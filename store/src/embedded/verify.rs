//! Checking everything: every record, every index file, and that they agree.

use super::closed::Closed;
use super::history::History;
use super::mapped_index::build;
use super::record::NoRecord;
use super::recovery::recover;
use super::segment::Walk;
use domain::ids::Position;
use domain::source::{Direction, SourceFault};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Events between two reports of progress.
const REPORT_EVERY: u64 = 100_000;

/// What was checked and found to be as it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Events.
    pub events: u64,
    /// Stubs of events that nobody reads any more.
    pub stubs: u64,
    /// Bytes of records.
    pub bytes: u64,
    /// Closed segments, whose index files were checked too.
    pub closed_segments: usize,
}

impl History {
    /// Reads every record up to the head as it is now and every index file, and compares them. Tells `progress` the last
    /// checked position and the head from time to time.
    ///
    /// # Errors
    /// The first damage, located to its position.
    pub fn verify(&self, progress: impl FnMut(Position, Position)) -> Result<Verified, SourceFault> {
        let mut damaged_indexes = Vec::new();
        let verified = self.verify_all(progress, &mut damaged_indexes)?;
        match damaged_indexes.first() {
            Some(first) => Err(SourceFault::Damaged(*first, "its segment's index is damaged".into())),
            None => Ok(verified),
        }
    }

    /// The same, but goes on where only an index is damaged: of each it notes where the segment begins.
    ///
    /// # Errors
    /// The first damage of records, located to its position.
    pub fn verify_all(
        &self,
        mut progress: impl FnMut(Position, Position),
        damaged_indexes: &mut Vec<Position>,
    ) -> Result<Verified, SourceFault> {
        let (head, closed) = (self.head(), Arc::clone(&self.state.read().closed));
        let mut verified = Verified { closed_segments: closed.len(), ..Verified::default() };
        for segment in closed.iter() {
            if !self.verify_closed(segment)? {
                damaged_indexes.push(Position(segment.first));
            }
        }
        let mut last = domain::clock::Time::default();
        let mut unordered = None;
        // Goes through the indexes: a record that they lead to must be the one of its position.
        self.scan(Position::START, Direction::Forward, usize::try_from(head.0).unwrap_or(usize::MAX), |record| {
            verified.events += u64::from(!record.is_stub());
            verified.stubs += u64::from(record.is_stub());
            verified.bytes += record.bytes().len() as u64;
            if record.recorded_at() < last {
                unordered = Some(record.position());
                return ControlFlow::Break(());
            }
            last = record.recorded_at();
            if record.position().0.is_multiple_of(REPORT_EVERY) {
                progress(record.position(), head);
            }
            ControlFlow::Continue(())
        })?;
        if let Some(position) = unordered {
            return Err(SourceFault::Damaged(position, "it is recorded before the event before it".into()));
        }
        progress(head, head);
        Ok(verified)
    }

    /// The records alone must give the index that the segment has, byte for byte: stubs too stand where it says, in the
    /// stream and with the revision that it says. Whether it does.
    fn verify_closed(&self, segment: &Closed) -> Result<bool, SourceFault> {
        let unavailable = |error: std::io::Error| SourceFault::Unavailable(error.to_string());
        let (first, file) = (segment.first, segment.file(&self.files).map_err(unavailable)?);
        let recovered = recover(&*file, first).map_err(unavailable)?;
        if let Some((position, reason)) = recovered.damage {
            return Err(SourceFault::Damaged(position, reason));
        }
        let index = recovered.index;
        let found = first + u64::from(index.count());
        if found != segment.last + 1 {
            let reason = match Walk::new(&*file).and_then(|mut walk| walk.record(index.end.into()).map(|r| r.err())) {
                Ok(Some(reason)) => reason,
                Ok(None) => NoRecord::Shape,
                Err(error) => return Err(unavailable(error)),
            };
            return Err(SourceFault::Damaged(Position(found), reason.to_string()));
        }
        Ok(segment.mapped().is_none_or(|mapped| mapped.is(&build(&index, self.log_id))))
    }
}
