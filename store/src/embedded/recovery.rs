//! Finding out what a segment holds: after a crash, or when an index must be built again.
//!
//! Batches are written and synced one after the other. So whatever is invalid after the last complete unit either
//! belongs to the last batch, which was never acknowledged (torn: it is cut), or something valid of a later batch
//! follows, and then it had been durable once (damage: it is reported, never cut).

use super::disk::DiskFile;
use super::memory_index::MemoryIndex;
use super::record::{NoRecord, RecordRef};
use super::segment::Walk;
use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::stream::StreamName;
use std::io;

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
        if record.last_of_unit() {
            index.last_recorded_at = last;
            last_batch = record.batch();
            unit.drain(..).for_each(|event| index.push(&event.stream, event.revision, event.id, event.length));
        }
    };
    let kept = u64::from(index.end);
    let Some(end) = walk.end_of_content(kept)? else {
        return Ok(Recovered { index, last_batch, torn: None, damage: None });
    };
    let damage = later_batch(&mut walk, at, end, position)?.map(|_| (Position(position), reason.to_string()));
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

/// Writes a part of a file back as it is, durably. What recovery found may have been in the page cache alone: the process
/// may have ended before its sync, or after one that failed, which leaves pages that look clean and are not on the disk.
pub fn rewrite(file: &dyn DiskFile, mut from: u64, to: u64) -> io::Result<()> {
    let mut piece = vec![0; ZEROS.len()];
    while from < to {
        let length = usize::try_from(to - from).unwrap_or(usize::MAX).min(piece.len());
        file.read_at(&mut piece[..length], from)?;
        file.write_at(&piece[..length], from)?;
        from += length as u64;
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
