//! Reading in position order what stands in some streams: of a closed segment only the records that its index names, so
//! that what is rare in a long log is found without reading all of it.

use super::closed::Closed;
use super::history::History;
use super::pick::of_another_stream;
use super::record::RecordRef;
use super::scan::{Scanned, find_closed};
use domain::ids::Position;
use domain::source::{Direction, SourceFault, begins_with_one_of};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Records that are looked at before an index is asked: they show whether few or many of them fit.
pub const FIRST_RECORDS: usize = 1 << 10;
/// What one record that is picked costs, in records that are read one after the other in the same time.
pub const PICKED_COSTS_RECORDS: usize = 8;
/// The same of turning to a closed segment, whose index may have to come from the disk.
pub const SEGMENT_COSTS_RECORDS: usize = 1 << 10;
/// Names that are looked through, and places that are listed, at the cost of one record.
const LISTED_PER_RECORD: usize = 16;
/// Records whose places are looked up together.
const TOGETHER_RECORDS: usize = 64;

/// What a scan comes to next.
enum Ahead {
    /// A closed segment.
    Closed(Arc<Closed>),
    /// So many records of the open one.
    Open(usize),
}

impl History {
    /// As [`History::scan`], for whoever wants streams whose names begin with one of `prefixes`: each of their records is
    /// shown, and some of other streams. `most` is the number of records that could be looked at one after the other in the
    /// time that it takes; the list of one segment may go beyond it.
    pub fn scan_streams(
        &self,
        from: Position,
        direction: Direction,
        prefixes: &[String],
        most: usize,
        mut visit: impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, SourceFault> {
        let (first, mut fitting, mut flow) = (most.min(FIRST_RECORDS), 0, ControlFlow::Continue(()));
        let scanned = self.scan(from, direction, first, |record| {
            fitting += usize::from(begins_with_one_of(record.stream(), prefixes));
            flow = visit(record);
            flow
        })?;
        let left = most - first;
        if flow.is_break() || scanned.at_end || left == 0 {
            return Ok(scanned);
        }
        // Where many fit, picking them would cost more than reading on.
        if fitting * PICKED_COSTS_RECORDS >= first {
            return self.scan(scanned.next, direction, left, visit);
        }
        self.scan_by_indexes(scanned.next, direction, prefixes, left, visit)
    }

    /// As [`History::scan_streams`], but asks the index of each closed segment from the start.
    pub fn scan_by_indexes(
        &self,
        from: Position,
        direction: Direction,
        prefixes: &[String],
        most: usize,
        mut visit: impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, SourceFault> {
        let (mut scanned, mut left) = (self.scan(from, direction, 0, &mut visit)?, most);
        let mut flow = ControlFlow::Continue(());
        let mut show = |record: RecordRef<'_>, flow: &mut ControlFlow<()>| {
            *flow = visit(record);
            *flow
        };
        while left > 0 && !scanned.at_end && flow.is_continue() {
            match self.ahead(scanned.next.0, direction)? {
                Ahead::Open(records) => {
                    let most = records.min(left);
                    scanned = self.scan(scanned.next, direction, most, |record| show(record, &mut flow))?;
                    left -= most;
                }
                Ahead::Closed(segment) => {
                    let wanted = self.ordinals_ahead(&segment, scanned.next.0, direction, prefixes)?;
                    // At least one: else a read would come no further. The list costs what it costs: it is paid for by what is
                    // picked from it, however long it is.
                    let some = wanted.get(..(left / PICKED_COSTS_RECORDS).max(1)).unwrap_or(&wanted);
                    let last = self.pick(&segment, some, prefixes, |record| show(record, &mut flow))?;
                    let next = match direction {
                        _ if flow.is_break() || some.len() < wanted.len() => last.0,
                        Direction::Forward => segment.last,
                        Direction::Backward => segment.first,
                    };
                    scanned = Scanned::at(next, direction, self.head().0);
                    let listed = (segment.stream_count() + wanted.len()) / LISTED_PER_RECORD;
                    let cost = SEGMENT_COSTS_RECORDS + listed + some.len() * PICKED_COSTS_RECORDS;
                    left = left.saturating_sub(cost);
                }
            }
        }
        Ok(scanned)
    }

    fn ahead(&self, next: u64, direction: Direction) -> Result<Ahead, SourceFault> {
        let state = self.state.read();
        let (position, records) = match direction {
            Direction::Forward => (next + 1, usize::MAX),
            Direction::Backward => (next - 1, next.saturating_sub(state.open.first) as usize),
        };
        if position >= state.open.first {
            return Ok(Ahead::Open(records));
        }
        find_closed(&state.closed, position).map(Ahead::Closed)
    }

    /// Which of a closed segment's ordinals are wanted and beyond `next`, in the direction of reading.
    fn ordinals_ahead(
        &self,
        segment: &Closed,
        next: u64,
        direction: Direction,
        prefixes: &[String],
    ) -> Result<Vec<u32>, SourceFault> {
        let (low, high) = match direction {
            Direction::Forward => (next + 1, segment.last),
            Direction::Backward => (segment.first, next - 1),
        };
        let within = (low.max(segment.first) - segment.first) as u32..=(high.min(segment.last) - segment.first) as u32;
        let mut ordinals = segment.ordinals_of(&self.files, prefixes, &within)?;
        if direction == Direction::Backward {
            ordinals.reverse();
        }
        Ok(ordinals)
    }

    /// Shows records of a closed segment until `visit` breaks, and gives the position of the last that was shown.
    fn pick(
        &self,
        segment: &Closed,
        ordinals: &[u32],
        prefixes: &[String],
        mut visit: impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Position, SourceFault> {
        let (mut last, mut flow) = (Position::START, ControlFlow::Continue(()));
        if ordinals.is_empty() {
            return Ok(last);
        }
        let file = self.file_of(segment)?;
        for some in ordinals.chunks(TOGETHER_RECORDS) {
            let spots = some.iter().map(|ordinal| self.spot_in(segment, &file, *ordinal));
            self.show(&spots.collect::<Result<Vec<_>, _>>()?, &mut |record| {
                if !begins_with_one_of(record.stream(), prefixes) {
                    return Err(of_another_stream(&record));
                }
                last = record.position();
                flow = visit(record);
                Ok(flow)
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(last)
    }
}
