//! Reading the log in position order: big pieces of a segment at once, records borrowed from the buffer, each verified.
//!
//! Shows every record that is in the files, also what is hidden from [`History::read_stream`], and stubs: positions are
//! dense. What of it is an event, the callers say.

use super::closed::Closed;
use super::disk::DiskFile;
use super::history::History;
use super::record::RecordRef;
use domain::ids::Position;
use domain::source::{Direction, SourceFault};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Bytes that are read at once, unless one record is larger.
pub const PIECE_BYTES: u32 = 256 << 10;

/// How far a scan came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Where the next one goes on: the last position that was looked at, or known to hold nothing that is wanted; where it
    /// began if it looked at none.
    pub next: Position,
    /// Whether the end (or, backward, the start) of the log was reached.
    pub at_end: bool,
}

impl Scanned {
    /// As far as `next`, in a log that ends at `head`.
    pub fn at(next: u64, direction: Direction, head: u64) -> Self {
        let at_end = match direction {
            Direction::Forward => next >= head,
            Direction::Backward => next <= 1,
        };
        Self { next: Position(next), at_end }
    }
}

/// Consecutive records that lie in one piece.
pub struct Piece {
    file: Arc<dyn DiskFile>,
    offset: u64,
    length: usize,
    low: u64,
    high: u64,
}

impl History {
    /// Shows records after (forward) or before (backward) position `from`, exclusive, until `visit` breaks or `most`
    /// records were looked at.
    pub fn scan(
        &self,
        from: Position,
        direction: Direction,
        most: usize,
        mut visit: impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<Scanned, SourceFault> {
        let (head, mut next, mut left) = (self.head().0, from.0, most as u64);
        let mut buffer = Vec::new();
        if direction == Direction::Backward {
            next = next.min(head + 1);
        }
        loop {
            let scanned = Scanned::at(next, direction, head);
            if scanned.at_end || left == 0 {
                return Ok(scanned);
            }
            let piece = match direction {
                Direction::Forward => self.piece(next + 1, head.min(next.saturating_add(left)), direction)?,
                Direction::Backward => self.piece(next - 1, (next - 1).saturating_sub(left - 1).max(1), direction)?,
            };
            left -= piece.high + 1 - piece.low;
            piece.read(&mut buffer)?;
            let flow = match direction {
                Direction::Forward => piece.forward(&buffer, &mut next, &mut visit)?,
                Direction::Backward => piece.backward(&buffer, &mut next, &mut visit)?,
            };
            if flow.is_break() {
                return Ok(Scanned::at(next, direction, head));
            }
        }
    }

    /// The piece that begins (forward) or ends (backward) with position `from`, not beyond position `until`.
    fn piece(&self, from: u64, until: u64, direction: Direction) -> Result<Piece, SourceFault> {
        let segment = {
            let state = self.state.read();
            if from >= state.open.first {
                let first = state.open.first;
                let last = first + u64::from(state.open.count()) - 1;
                let (low, high) = bounds(from, until, first, last, direction);
                let offset = |ordinal| Ok(state.open.offset(ordinal));
                return cut(Arc::clone(&state.file), first, low, high, direction, offset);
            }
            find_closed(&state.closed, from)?
        };
        let file = self.file_of(&segment)?;
        let (low, high) = bounds(from, until, segment.first, segment.last, direction);
        cut(file, segment.first, low, high, direction, |ordinal| segment.offset(&self.files, ordinal))
    }
}

fn bounds(from: u64, until: u64, first: u64, last: u64, direction: Direction) -> (u64, u64) {
    match direction {
        Direction::Forward => (from, until.min(last)),
        Direction::Backward => (until.max(first), from),
    }
}

/// The closed segment that holds a position before the open one.
pub fn find_closed(closed: &[Arc<Closed>], position: u64) -> Result<Arc<Closed>, SourceFault> {
    let after = closed.partition_point(|segment| segment.first <= position);
    let missing = || SourceFault::Damaged(Position(position), "no segment holds it".into());
    after.checked_sub(1).and_then(|i| closed.get(i)).map(Arc::clone).ok_or_else(missing)
}

/// Shortens `low..=high` from its far end until it fits a piece; one record always stays.
fn cut(
    file: Arc<dyn DiskFile>,
    first: u64,
    low: u64,
    high: u64,
    direction: Direction,
    offset: impl Fn(u32) -> Result<u32, SourceFault>,
) -> Result<Piece, SourceFault> {
    let (mut low, mut high) = ((low - first) as u32, (high - first) as u32);
    match direction {
        Direction::Forward => {
            let start = offset(low)?;
            let (mut fits, mut beyond) = (low, high + 1);
            while fits + 1 < beyond {
                let middle = fits + (beyond - fits) / 2;
                if offset(middle + 1)? - start <= PIECE_BYTES { fits = middle } else { beyond = middle }
            }
            high = fits;
        }
        Direction::Backward => {
            let end = offset(high + 1)?;
            let (mut beyond, mut fits) = (i64::from(low) - 1, i64::from(high));
            while beyond + 1 < fits {
                let middle = beyond + (fits - beyond) / 2;
                if end - offset(middle as u32)? <= PIECE_BYTES { fits = middle } else { beyond = middle }
            }
            low = fits as u32;
        }
    }
    let (start, end) = (offset(low)?, offset(high + 1)?);
    let length = end.saturating_sub(start) as usize;
    Ok(Piece { file, offset: u64::from(start), length, low: first + u64::from(low), high: first + u64::from(high) })
}

impl Piece {
    fn read(&self, buffer: &mut Vec<u8>) -> Result<(), SourceFault> {
        buffer.resize(self.length, 0);
        self.file.read_at(buffer, self.offset).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                SourceFault::Damaged(Position(self.high), "the segment ends before it".into())
            }
            _ => SourceFault::Unavailable(error.to_string()),
        })
    }

    fn forward(
        &self,
        buffer: &[u8],
        next: &mut u64,
        visit: &mut impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SourceFault> {
        let mut at = 0;
        for position in self.low..=self.high {
            let record = verified(buffer.get(at..).unwrap_or_default(), position)?;
            at += record.bytes().len();
            *next = position;
            if visit(record).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn backward(
        &self,
        buffer: &[u8],
        next: &mut u64,
        visit: &mut impl FnMut(RecordRef<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SourceFault> {
        let (mut at, mut records) = (0, Vec::new());
        for position in self.low..=self.high {
            let record = verified(buffer.get(at..).unwrap_or_default(), position)?;
            at += record.bytes().len();
            records.push(record);
        }
        for record in records.into_iter().rev() {
            *next = record.position().0;
            if visit(record).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

/// The record at the start of `bytes`, which must be the one of this position.
pub fn verified(bytes: &[u8], position: u64) -> Result<RecordRef<'_>, SourceFault> {
    let damaged = |reason: String| SourceFault::Damaged(Position(position), reason);
    let record = RecordRef::parse(bytes).map_err(|reason| damaged(reason.to_string()))?;
    if record.position().0 != position {
        return Err(damaged(format!("the record of position {} stands there", record.position())));
    }
    Ok(record)
}
