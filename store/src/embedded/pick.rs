//! Reading single events: of one stream, or at given positions.

use super::closed::{Closed, Hashed};
use super::disk::DiskFile;
use super::history::History;
use super::merged::{Kind, Search};
use super::record::RecordRef;
use super::scan::{find_closed, verified};
use domain::clock::Time;
use domain::ids::Position;
use domain::source::{Direction, SourceFault};
use domain::stream::StreamName;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Bytes that are read at once where records lie near each other.
const GROUP_BYTES: u64 = 64 << 10;
/// Bytes between two records that are rather read along than skipped.
const GAP_BYTES: u64 = 4 << 10;
/// Events of an aged stream that are looked at before reading on.
const AGED_PAGE: u64 = 256;

/// What records are shown to, one after the other.
pub type Visit<'a> = dyn FnMut(RecordRef<'_>) -> Result<ControlFlow<()>, SourceFault> + 'a;

/// Where one record lies.
pub struct Spot {
    file: Arc<dyn DiskFile>,
    segment: u64,
    position: u64,
    start: u64,
    end: u64,
}

impl History {
    /// Shows up to `limit` events of a stream from revision `from` on (inclusive) without those that retention, truncation
    /// or deletion hides, and gives the stream's newest revision.
    pub fn read_stream(
        &self,
        stream: &StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
        mut visit: impl FnMut(RecordRef<'_>) -> Result<(), SourceFault>,
    ) -> Result<Option<u64>, SourceFault> {
        let Some(head) = self.revision(&self.state.read(), stream)? else { return Ok(None) };
        let kept = stream.category().retention();
        let counted = kept.max_count.map_or(0, |count| (head + 1).saturating_sub(count));
        let lowest = self.marks.before(stream.as_str()).max(counted);
        let seconds = kept.max_age_seconds.map(|age| i64::try_from(age).unwrap_or(i64::MAX));
        let oldest = seconds.map(|age| self.clock.now().plus_seconds(age.saturating_neg()));
        let mut left = limit as u64;
        let mut next = match direction {
            Direction::Forward => from.max(lowest),
            Direction::Backward => from.min(head),
        };
        while left > 0 && next >= lowest && next <= head {
            let page = if oldest.is_some() { left.max(AGED_PAGE) } else { left };
            let (low, high) = match direction {
                Direction::Forward => (next, head.min(next.saturating_add(page - 1))),
                Direction::Backward => (lowest.max(next.saturating_sub(page - 1)), next),
            };
            let mut spots = self.spots(stream, low, high)?;
            if direction == Direction::Backward {
                spots.reverse();
            }
            self.show(&spots, &mut |record| {
                expect_stream(&record, stream)?;
                if !record.is_stub() && oldest.is_none_or(|oldest: Time| record.recorded_at() >= oldest) {
                    left -= 1;
                    visit(record)?;
                }
                Ok(if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            match direction {
                Direction::Forward => next = high + 1,
                Direction::Backward if low == 0 => break,
                Direction::Backward => next = low - 1,
            }
        }
        Ok(Some(head))
    }

    /// Shows the events at these positions, in their order; one without an event is left out.
    pub fn read_positions(
        &self,
        positions: &[Position],
        mut visit: impl FnMut(RecordRef<'_>) -> Result<(), SourceFault>,
    ) -> Result<(), SourceFault> {
        let head = self.head();
        let there = positions.iter().filter(|position| (1..=head.0).contains(&position.0));
        let spots = there.map(|position| self.spot(position.0)).collect::<Result<Vec<_>, _>>()?;
        self.show(&spots, &mut |record| {
            if !record.is_stub() {
                visit(record)?;
            }
            Ok(ControlFlow::Continue(()))
        })
    }

    fn spot(&self, position: u64) -> Result<Spot, SourceFault> {
        let segment = {
            let state = self.state.read();
            if position >= state.open.first {
                let ordinal = (position - state.open.first) as u32;
                let (start, end) = (u64::from(state.open.offset(ordinal)), u64::from(state.open.offset(ordinal + 1)));
                let file = Arc::clone(&state.file);
                return Ok(Spot { file, segment: state.open.first, position, start, end });
            }
            find_closed(&state.closed, position)?
        };
        let file = self.file_of(&segment)?;
        self.spot_in(&segment, &file, (position - segment.first) as u32)
    }

    /// A closed segment's file.
    pub fn file_of(&self, segment: &Closed) -> Result<Arc<dyn DiskFile>, SourceFault> {
        segment.file(&self.files).map_err(|error| SourceFault::Unavailable(error.to_string()))
    }

    /// Where the record with this ordinal lies in a closed segment.
    pub fn spot_in(&self, segment: &Closed, file: &Arc<dyn DiskFile>, ordinal: u32) -> Result<Spot, SourceFault> {
        Ok(Spot {
            file: Arc::clone(file),
            segment: segment.first,
            position: segment.first + u64::from(ordinal),
            start: u64::from(segment.offset(&self.files, ordinal)?),
            end: u64::from(segment.offset(&self.files, ordinal + 1)?),
        })
    }

    /// Where a stream's events from revision `low` to `high` lie, in order.
    fn spots(&self, stream: &StreamName, low: u64, high: u64) -> Result<Vec<Spot>, SourceFault> {
        let (mut spots, mut lowest_found, closed, merged) = {
            let state = self.state.read();
            let (mut spots, mut lowest_found) = (Vec::new(), u64::MAX);
            if let Some(events) = state.open.streams.get(stream) {
                lowest_found = events.first_revision;
                for ordinal in events.between(low, high).ordinals.into_iter().rev() {
                    let (start, end) = (state.open.offset(ordinal).into(), state.open.offset(ordinal + 1).into());
                    let position = state.open.first + u64::from(ordinal);
                    spots.push(Spot { file: Arc::clone(&state.file), segment: state.open.first, position, start, end });
                }
            }
            (spots, lowest_found, Arc::clone(&state.closed), Arc::clone(&state.merged))
        };
        let hashed = Hashed::new(stream);
        let mut segments = Search::new(&closed, &merged, 0, Kind::Stream, hashed.hash);
        while lowest_found > low
            && let Some(segment) = segments.next()
        {
            let Some((first, _)) = segment.span(&self.files, hashed)? else { continue };
            lowest_found = first;
            if first > high {
                continue;
            }
            let events = segment.events(&self.files, hashed, low, high)?.unwrap_or_default();
            let file = self.file_of(segment)?;
            for ordinal in events.ordinals.into_iter().rev() {
                spots.push(self.spot_in(segment, &file, ordinal)?);
            }
        }
        spots.reverse();
        Ok(spots)
    }

    /// Reads and verifies records until `visit` breaks, those that lie near each other at once.
    pub fn show(&self, spots: &[Spot], visit: &mut Visit<'_>) -> Result<(), SourceFault> {
        let mut buffer = Vec::new();
        for group in spots.chunk_by(are_near) {
            // Near ones may stretch far together.
            for part in group.chunks(GROUP_BYTES as usize / 512) {
                if show_part(part, &mut buffer, visit)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

fn are_near(a: &Spot, b: &Spot) -> bool {
    let gap = if a.start < b.start { b.start.saturating_sub(a.end) } else { a.start.saturating_sub(b.end) };
    a.segment == b.segment && gap <= GAP_BYTES && a.end.abs_diff(a.start) <= GROUP_BYTES
}

fn show_part(part: &[Spot], buffer: &mut Vec<u8>, visit: &mut Visit<'_>) -> Result<ControlFlow<()>, SourceFault> {
    let Some(one) = part.first() else { return Ok(ControlFlow::Continue(())) };
    let start = part.iter().map(|spot| spot.start).min().unwrap_or_default();
    let end = part.iter().map(|spot| spot.end).max().unwrap_or_default();
    buffer.resize((end - start) as usize, 0);
    one.file.read_at(buffer, start).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            SourceFault::Damaged(Position(one.position), "the segment ends before it".into())
        }
        _ => SourceFault::Unavailable(error.to_string()),
    })?;
    for spot in part {
        let bytes = &buffer[(spot.start - start) as usize..(spot.end - start) as usize];
        if visit(verified(bytes, spot.position)?)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

fn expect_stream(record: &RecordRef<'_>, stream: &StreamName) -> Result<(), SourceFault> {
    if record.stream() == stream.as_str() {
        return Ok(());
    }
    Err(of_another_stream(record))
}

/// What an index says of a record is not so.
pub fn of_another_stream(record: &RecordRef<'_>) -> SourceFault {
    SourceFault::Damaged(record.position(), "an event of another stream stands there".into())
}
