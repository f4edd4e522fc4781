//! Finding out what a segment holds: after a crash, or when an index must be built again.
//!
//! Batches are written and synced one after the other, onto zeros that are durable. So what is invalid after the last
//! complete unit is either torn (it is cut: it was never acknowledged) or damaged (it is reported, never cut):
//! - something valid of a later batch follows: it had been durable once, so it is damaged;
//! - a record that is whole but for one bit of its fixed part is damaged: a length that is wrong by one can make it look cut;
//! - a disk writes a sector of 512 bytes whole or not at all, and a process that ends leaves a beginning. So of a torn
//!   batch something is missing, and zeros stand in its place. Where nothing is missing, what is there is damaged.
//!
//! A record whose payload has a whole sector of zeros, or ends with a zero, is taken for torn if it is damaged in the
//! last batch, unless that is one bit of its fixed part.

use super::checksum::is_one_bit_off;
use super::disk::DiskFile;
use super::memory_index::MemoryIndex;
#[cfg(feature = "mutants")]
use super::options::{Mutant, is_on_this_thread};
use super::record::{FIXED_BYTES, NoRecord, RECORD_MAX_BYTES, RecordRef, claimed_length};
use super::segment::Walk;
use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::stream::StreamName;
use std::io;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: u64 = 512;
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// The rest of a batch that was being written when the process or the machine stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The position that the first lost event would have had. It was never acknowledged.
    pub position: Position,
    /// How many bytes were cut.
    pub bytes: u64,
}

/// What a segment holds.
#[derive(Debug)]
pub struct Recovered {
    /// Every event of every complete unit.
    pub index: MemoryIndex,
    /// The position at which the last batch began that has a complete unit.
    pub last_batch: u64,
    /// What follows them and is not complete.
    pub torn: Option<Torn>,
    /// What follows them and had been durable.
    pub damage: Option<(Position, String)>,
}

struct Pending {
    stream: StreamName,
    revision: u64,
    id: Option<EventId>,
    length: u32,
    recorded_at: Time,
}

/// Walks through a segment that begins at position `first`, verifying every record.
pub fn recover(file: &dyn DiskFile, first: u64) -> io::Result<Recovered> {
    let mut walk = Walk::new(file)?;
    let mut index = MemoryIndex::new(first);
    let mut unit: Vec<Pending> = Vec::new();
    let (mut at, mut position, mut last, mut last_batch) = (0, first, Time::default(), first);
    let reason = loop {
        let record = match walk.record(at)? {
            Ok(record) => record,
            Err(no_record) => break no_record,
        };
        let Some(pending) = accept(&record, position, last) else { break NoRecord::Shape };
        at += u64::from(pending.length);
        position += 1;
        last = pending.recorded_at;
        unit.push(pending);
        #[cfg(feature = "mutants")]
        let keeps_torn_units = is_on_this_thread(Mutant::KeptTornUnit);
        #[cfg(not(feature = "mutants"))]
        let keeps_torn_units = false;
        if record.last_of_unit() || keeps_torn_units {
            index.last_recorded_at = last;
            last_batch = record.batch();
            unit.drain(..).for_each(|event| index.push(&event.stream, event.revision, event.id, event.length));
        }
    };
    let kept = u64::from(index.end);
    let Some(end) = walk.end_of_content(kept)? else {
        return Ok(Recovered { index, last_batch, torn: None, damage: None });
    };
    let torn = later_batch(&mut walk, at, end, position)?.is_none() && is_torn(&mut walk, at, end)?;
    let damage = (!torn).then(|| (Position(position), reason.to_string()));
    let torn = Torn { position: Position(first + u64::from(index.count())), bytes: end - kept };
    Ok(Recovered { index, last_batch, torn: damage.is_none().then_some(torn), damage })
}

fn accept(record: &RecordRef<'_>, position: u64, last: Time) -> Option<Pending> {
    if record.position().0 != position || record.recorded_at() < last {
        return None;
    }
    Some(Pending {
        stream: StreamName::parse(record.stream()).ok()?,
        revision: record.revision(),
        id: record.live_id(),
        length: record.bytes().len() as u32,
        recorded_at: record.recorded_at(),
    })
}

/// Where something valid follows whose batch began after `position`, so that `position` had been synced.
fn later_batch(walk: &mut Walk<'_>, mut at: u64, end: u64, position: u64) -> io::Result<Option<u64>> {
    while let Some((found, record)) = walk.next_valid(at + 8, end)? {
        if record.batch() > position {
            return Ok(Some(found));
        }
        at = found;
    }
    Ok(None)
}

/// Whether a part of what stands at `at` can be missing, where content ends at `end`.
fn is_torn(walk: &mut Walk<'_>, at: u64, end: u64) -> io::Result<bool> {
    // Its beginning alone arrived, or a zeroing of what is torn was stopped, which comes from its beginning.
    if end <= at + FIXED_BYTES as u64 || walk.bytes(at, 8)?.iter().take(8).all(|byte| *byte == 0) {
        return Ok(true);
    }
    if is_damaged_in_one_bit(walk, at)? {
        return Ok(false);
    }
    let next = walk.next_valid(at + 8, end)?.map(|(found, _)| found);
    let mut start = at;
    while start < next.unwrap_or(end) {
        let sector_end = (start + 1).next_multiple_of(SECTOR_BYTES);
        let sector = walk.bytes(start, (sector_end - start) as usize)?;
        if next.is_none_or(|next| sector_end <= next)
            && sector.iter().take((sector_end - start) as usize).all(|byte| *byte == 0)
        {
            return Ok(true);
        }
        start = sector_end;
    }
    Ok(next.is_none() && is_cut_short(walk.bytes(at, FIXED_BYTES)?, end - at))
}

/// Whether one bit of the fixed part explains why the record at `at` is not valid. Its length is told twice.
fn is_damaged_in_one_bit(walk: &mut Walk<'_>, at: u64) -> io::Result<bool> {
    let fixed = walk.bytes(at, FIXED_BYTES)?;
    let Some(content) = fixed.first_chunk().map(RecordRef::claimed_end) else { return Ok(false) };
    let (told, computed) = (claimed_length(fixed).ok(), usize::try_from(content.next_multiple_of(8)).ok());
    // Where both say the same, once is enough.
    let computed = computed.filter(|length| Some(*length) != told && *length <= RECORD_MAX_BYTES);
    for length in told.into_iter().chain(computed) {
        if is_one_bit_off(walk.bytes(at, length)?, length) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether less than all of the record that begins with `fixed` is there: `there` bytes of it, not counting zeros at their
/// end. Its length is told twice, and either may be wrong.
fn is_cut_short(fixed: &[u8], there: u64) -> bool {
    let Some(fixed) = fixed.first_chunk() else { return true };
    let content = RecordRef::claimed_end(fixed);
    match claimed_length(fixed) {
        Ok(length) if content.next_multiple_of(8) != length as u64 => content > there && length as u64 > there + 7,
        Ok(_) | Err(_) => content > there && content <= RECORD_MAX_BYTES as u64,
    }
}

/// Writes whole records back as they are, durably. What recovery found may have been in the page cache alone: the process
/// may have ended before its sync, or after one that failed, which leaves pages that look clean and are not on the disk.
pub fn rewrite(file: &dyn DiskFile, mut from: u64, to: u64) -> io::Result<()> {
    let (mut walk, mut piece) = (Walk::new(file)?, Vec::new());
    while from < to {
        let mut at = from;
        while at < to && piece.len() < ZEROS.len() {
            // Only what is verified is written: a read may have gone wrong.
            let record = walk.record(at)?.map_err(io::Error::other)?;
            piece.extend_from_slice(record.bytes());
            at += record.bytes().len() as u64;
        }
        file.write_at(&piece, from)?;
        piece.clear();
        from = at;
    }
    file.sync()
}

/// Fills a part of a file with zeros, durably, so that stale bytes can never be taken for records.
pub fn zero(file: &dyn DiskFile, mut from: u64, to: u64) -> io::Result<()> {
    while from < to {
        let piece = usize::try_from(to - from).unwrap_or(usize::MAX).min(ZEROS.len());
        file.write_at(&ZEROS[..piece], from)?;
        from += piece as u64;
    }
    file.sync()
}
