//! Reading in position order what stands in some streams: of a closed segment only the records that its index names, so
//! that what is rare in a long log is found without reading all of it.

use super::closed::Closed;
use super::history::History;
use super::record::RecordRef;
use super::scan::{Scanned, find_closed};
use domain::ids::Position;
use domain::source::{Direction, SourceFault};
use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Records that are looked at before an index is asked: where most of them fit, asking it for each page would cost more.
pub const LOOKED_AT_FIRST: usize = 1 << 10;
/// Names in an index that are compared in the time that it takes to look at one record.
const NAMES_LIKE_A_RECORD: usize = 16;
/// Records that are found and shown together.
const SHOWN_AT_ONCE: usize = 64;

/// What a scan comes to next.
enum Ahead {
    /// A closed segment.
    Closed(Arc<Closed>),
    /// So many records of the open one.
    Open(usize),
}

impl History {
    /// As [`History::scan`], for whoever wants streams whose names begin with one of `prefixes`: each of their records is
    /// shown, and some of other streams. Names that are looked through count towards `most`, many of them as one record.
    pub fn scan_streams(
        &self,
        from: Position,
        direction: Direction,
        prefixes: &[String],
        most: usize,
        mut visit: impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, SourceFault> {
        let is_over = Cell::new(false);
        let mut visit = |record: RecordRef<'_>| {
            let flow = visit(record);
            is_over.set(flow.is_break());
            flow
        };
        let mut scanned = self.scan(from, direction, most.min(LOOKED_AT_FIRST), &mut visit)?;
        let mut left = most.saturating_sub(LOOKED_AT_FIRST);
        while left > 0 && !scanned.at_end && !is_over.get() {
            let looked_at = match self.ahead(scanned.next.0, direction)? {
                Ahead::Open(records) => {
                    let most = records.min(left);
                    scanned = self.scan(scanned.next, direction, most, &mut visit)?;
                    most
                }
                Ahead::Closed(segment) => {
                    let ordinals =
                        ahead_of(segment.ordinals_of(&self.files, prefixes)?, &segment, scanned.next, direction);
                    let some = ordinals.get(..left).unwrap_or(&ordinals);
                    let last = self.show_ordinals(&segment, some, &mut visit)?;
                    let edge = match direction {
                        Direction::Forward => segment.last,
                        Direction::Backward => segment.first,
                    };
                    let is_through = some.len() == ordinals.len() && !is_over.get();
                    scanned = Scanned::at(if is_through { edge } else { last.0 }, direction, self.head().0);
                    some.len() + segment.stream_count() / NAMES_LIKE_A_RECORD + 1
                }
            };
            left = left.saturating_sub(looked_at);
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

    /// Shows records of a closed segment until `visit` breaks, and gives the position of the last that was shown.
    fn show_ordinals(
        &self,
        segment: &Closed,
        ordinals: &[u32],
        visit: &mut dyn FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Position, SourceFault> {
        let (file, mut last, mut flow) = (self.file_of(segment)?, Position::START, ControlFlow::Continue(()));
        for some in ordinals.chunks(SHOWN_AT_ONCE) {
            let spots =
                some.iter().map(|ordinal| self.spot_in(segment, &file, *ordinal)).collect::<Result<Vec<_>, _>>()?;
            self.show(&spots, &mut |record| {
                if flow.is_continue() {
                    last = record.position();
                    flow = visit(record);
                }
                Ok(())
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(last)
    }
}

/// Those of a segment's ordinals that a scan has still before it, in its direction.
fn ahead_of(mut ordinals: Vec<u32>, segment: &Closed, next: Position, direction: Direction) -> Vec<u32> {
    let position = |ordinal: &u32| segment.first + u64::from(*ordinal);
    match direction {
        Direction::Forward => ordinals.drain(..ordinals.partition_point(|ordinal| position(ordinal) <= next.0)),
        Direction::Backward => ordinals.drain(ordinals.partition_point(|ordinal| position(ordinal) < next.0)..),
    };
    if direction == Direction::Backward {
        ordinals.reverse();
    }
    ordinals
}
