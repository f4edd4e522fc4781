//! Which streams were truncated or deleted: a small synced file of its own, so that positions stay dense.
//!
//! `marks`, appended to, little-endian. Each entry stands twice, one copy right after the other, written and synced at
//! once: length of one copy (2); kind (1): 1 truncation, 2 tombstone; length of the name (1); CRC-32C of the copy with
//! this field as zero (4); number of the entry in the file, from 0 (6); how many entries of the same write stand before
//! it (2); first revision that is still read, 0 for a tombstone (8); the stream's name. Of a stream's entries the one that
//! hides most counts.
//!
//! What was hidden must not come back silently. So a damaged copy is taken from its twin, and the file is written anew;
//! an entry that is lost in both copies, with one of a later write after it, keeps the log from being opened for
//! appending. What is incomplete in both copies in the last write was never acknowledged: it is cut and reported.
//!
//! In memory: 24 bytes for each stream in a table that is at least 7/16 full, so 28 to 57 bytes; ten million take up to
//! 420 MB. Streams are known by 128 bits of a hash of their name.

use super::disk::{Disk, DiskFile, Mode, read_whole, replace};
use super::fault::OpenFault;
use domain::stream::StreamName;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The file's name.
pub const FILE: &str = "marks";
const FIXED_BYTES: usize = 24;
const TRUNCATION: u8 = 1;
const TOMBSTONE: u8 = 2;
/// Of the field that tells an entry's number and its place in its write.
const NUMBER_BITS: u32 = 48;
/// Stands for "all of them" in memory.
const EVERYTHING: u64 = u64::MAX;

/// What is hidden of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// Its events before this revision.
    Before(u64),
    /// All of it, for good: it takes no further event.
    Deleted,
}

/// The marked streams.
#[derive(Debug, Default)]
pub struct Marks {
    before: RwLock<FxHashMap<u128, u64>>,
    marked: AtomicUsize,
    deleted: AtomicUsize,
}

/// What reading the file found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Every entry that is there, in order.
    pub entries: Vec<(StreamName, Hidden)>,
    /// Entries of which one copy was damaged or missing.
    pub repaired: usize,
    /// Bytes of an entry at the end that was never acknowledged.
    pub torn_bytes: usize,
    /// The first byte of the first entry that was repaired or torn.
    pub damaged_at: Option<usize>,
    /// The byte at which an entry stood that is lost, although later ones are there.
    pub lost_at: Option<usize>,
    /// Bytes of the file.
    bytes: usize,
    /// What was written last, if nothing is damaged.
    last_write: Vec<u8>,
}

/// The file that new marks are appended to; the writer has it.
pub struct MarksFile {
    file: Arc<dyn DiskFile>,
    end: u64,
    entries: u64,
}

fn key(name: &str) -> u128 {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::hash(name.as_bytes()).as_bytes()[..16]);
    u128::from_le_bytes(key)
}

impl Marks {
    /// Of what stands in the file.
    pub fn new(found: &Found) -> Self {
        let marks = Self::default();
        found.entries.iter().for_each(|(stream, hidden)| marks.publish(stream, *hidden));
        marks
    }

    /// The first revision of a stream that is still read: 0 unless it was marked, the greatest number for a deleted one.
    pub fn before(&self, stream: &str) -> u64 {
        if self.marked.load(Ordering::Acquire) == 0 {
            return 0;
        }
        self.before.read().get(&key(stream)).copied().unwrap_or(0)
    }

    /// Whether a stream was deleted for good.
    pub fn is_deleted(&self, stream: &str) -> bool {
        self.deleted.load(Ordering::Acquire) > 0 && self.before(stream) == EVERYTHING
    }

    /// Whether any stream was deleted.
    pub fn has_deleted(&self) -> bool {
        self.deleted.load(Ordering::Acquire) > 0
    }

    /// Whether a mark would hide nothing more.
    pub fn covers(&self, stream: &StreamName, hidden: Hidden) -> bool {
        self.before(stream.as_str()) >= hidden.before()
    }

    /// Makes a mark visible, after it became durable.
    pub fn publish(&self, stream: &StreamName, hidden: Hidden) {
        let mut marked = self.before.write();
        let before = marked.entry(key(stream.as_str())).or_insert(0);
        let was_deleted = *before == EVERYTHING;
        *before = hidden.before().max(*before);
        let is_deleted = *before == EVERYTHING;
        self.marked.store(marked.len(), Ordering::Release);
        self.deleted.fetch_add(usize::from(is_deleted && !was_deleted), Ordering::AcqRel);
    }
}

impl Hidden {
    fn before(self) -> u64 {
        match self {
            Hidden::Before(revision) => revision.min(EVERYTHING - 1),
            Hidden::Deleted => EVERYTHING,
        }
    }
}

/// Reads the file, if there is one, and changes nothing.
pub fn read(disk: &dyn Disk, dir: &Path) -> io::Result<Found> {
    match read_whole(disk, &dir.join(FILE)) {
        Ok(bytes) => Ok(parse(&bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Found::default()),
        Err(error) => Err(error),
    }
}

impl Found {
    fn tear(&mut self, at: usize) {
        self.torn_bytes = self.bytes - at;
        self.damaged_at = self.damaged_at.or(Some(at));
    }
}

fn parse(bytes: &[u8]) -> Found {
    let mut found = Found { bytes: bytes.len(), ..Found::default() };
    let (mut at, mut last_write) = (0, 0);
    while at < bytes.len() {
        let wanted = found.entries.len() as u64;
        let Some((start, number, entry)) = next_copy(bytes, at, wanted) else {
            found.tear(at);
            break;
        };
        if number != wanted {
            match has_later_write(bytes, start, wanted) {
                true => found.lost_at = Some(at),
                false => found.tear(at),
            }
            break;
        }
        if entry.begun == number {
            last_write = at;
        }
        let end = start + entry.length;
        let has_twin = decode(&bytes[end..], number).is_some_and(|twin| twin == entry);
        if !has_twin || start != at {
            found.repaired += 1;
            found.damaged_at = found.damaged_at.or(Some(at));
        }
        at = match has_twin {
            true => end + entry.length,
            // The first copy is whole: past what is left of the second one.
            false if start == at => next_copy(bytes, end, number + 1).map_or(bytes.len(), |(next, ..)| next),
            false => end,
        };
        found.entries.push((entry.stream, entry.hidden));
    }
    if found.repaired == 0 && found.torn_bytes == 0 {
        found.last_write = bytes[last_write..].to_vec();
    }
    found
}

/// Whether an entry stands there whose write began after entry `wanted`, which had been durable then.
fn has_later_write(bytes: &[u8], mut at: usize, wanted: u64) -> bool {
    while let Some((start, _, entry)) = next_copy(bytes, at, wanted) {
        if entry.begun > wanted {
            return true;
        }
        at = start + entry.length;
    }
    false
}

/// The first whole copy of an entry numbered `wanted` or later, at or after `at`: where, which, what.
fn next_copy(bytes: &[u8], at: usize, wanted: u64) -> Option<(usize, u64, Entry)> {
    (at..bytes.len().saturating_sub(FIXED_BYTES)).find_map(|start| {
        let (number, _) = numbers(bytes.get(start + 8..start + 16)?)?;
        if number < wanted { None } else { decode(&bytes[start..], number).map(|entry| (start, number, entry)) }
    })
}

/// An entry's number, and that of the first one of its write.
fn numbers(field: &[u8]) -> Option<(u64, u64)> {
    let field = u64::from_le_bytes(field.try_into().ok()?);
    let number = field & ((1 << NUMBER_BITS) - 1);
    Some((number, number.checked_sub(field >> NUMBER_BITS)?))
}

/// Writes the file of a log that is being made.
pub fn write_new(disk: &dyn Disk, dir: &Path, marks: &[(StreamName, Hidden)]) -> io::Result<()> {
    replace(disk, dir, FILE, &encode_all(marks, 0, false))
}

impl MarksFile {
    /// Opens the file for appending. What was cut or repaired is written anew first.
    ///
    /// # Errors
    /// [`OpenFault::Marks`] if an entry is lost.
    pub fn open(disk: &dyn Disk, dir: &Path, found: &Found) -> Result<Self, OpenFault> {
        let io = |error| OpenFault::io("opening the marks of streams", error);
        if let Some(at) = found.lost_at {
            return Err(OpenFault::Marks(at));
        }
        let path = dir.join(FILE);
        if found.torn_bytes > 0 || found.repaired > 0 {
            let (bytes, repaired) = (found.torn_bytes, found.repaired);
            tracing::warn!(
                bytes,
                repaired,
                "the marks of truncated and deleted streams were damaged and are written anew"
            );
            write_new(disk, dir, &found.entries).map_err(io)?;
        } else if found.bytes == 0 {
            disk.open(&path, Mode::Create).and_then(|_| disk.sync_dir(dir)).map_err(io)?;
        }
        let file = disk.open(&path, Mode::Write).map_err(io)?;
        let end = file.size().map_err(io)?;
        // After a sync that failed or never came, the disk may lack the last write, or may have more than is read.
        let again = || {
            file.write_at(&found.last_write, end - found.last_write.len() as u64)?;
            file.set_len(end + 1)?;
            file.set_len(end)?;
            file.sync()
        };
        again().map_err(io)?;
        Ok(Self { file, end, entries: found.entries.len() as u64 })
    }

    /// Writes marks durably, with one sync. When the disk is full nothing of them stays.
    pub fn append(&mut self, marks: &[(StreamName, Hidden)]) -> io::Result<()> {
        let bytes = encode_all(marks, self.entries, true);
        if let Err(error) = self.file.write_at(&bytes, self.end) {
            // Durably, before it is answered as refused; if that fails too, nobody knows what stands there.
            let cut = self.file.set_len(self.end).and_then(|()| self.file.sync());
            return Err(cut.map_or_else(io::Error::other, |()| error));
        }
        self.file.sync()?;
        self.end += bytes.len() as u64;
        self.entries += marks.len() as u64;
        Ok(())
    }
}

/// With `as_one` they were never acknowledged unless all of them arrive.
fn encode_all(marks: &[(StreamName, Hidden)], first: u64, as_one: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, (stream, hidden)) in (first..).zip(marks) {
        let before = if as_one { (number - first).min(u16::MAX.into()) } else { 0 };
        let copy = encode(stream, *hidden, number | before << NUMBER_BITS);
        bytes.extend_from_slice(&copy);
        bytes.extend_from_slice(&copy);
    }
    bytes
}

/// One whole copy of an entry.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    length: usize,
    /// The number of the first entry of its write.
    begun: u64,
    stream: StreamName,
    hidden: Hidden,
}

fn encode(stream: &StreamName, hidden: Hidden, numbers: u64) -> Vec<u8> {
    let (name, mut copy) = (stream.as_str().as_bytes(), vec![0; FIXED_BYTES]);
    let (kind, before) = match hidden {
        Hidden::Before(revision) => (TRUNCATION, revision),
        Hidden::Deleted => (TOMBSTONE, 0),
    };
    copy[..2].copy_from_slice(&((FIXED_BYTES + name.len()) as u16).to_le_bytes());
    copy[2..4].copy_from_slice(&[kind, name.len() as u8]);
    copy[8..16].copy_from_slice(&numbers.to_le_bytes());
    copy[16..24].copy_from_slice(&before.to_le_bytes());
    copy.extend_from_slice(name);
    let crc = crc32c::crc32c(&copy);
    copy[4..8].copy_from_slice(&crc.to_le_bytes());
    copy
}

fn decode(bytes: &[u8], number: u64) -> Option<Entry> {
    let length = usize::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?));
    let mut copy = bytes.get(..length)?.to_vec();
    let fits = length == FIXED_BYTES + usize::from(*copy.get(3)?);
    let crc = u32::from_le_bytes(copy.get(4..8)?.try_into().ok()?);
    copy.get_mut(4..8)?.fill(0);
    let (is_number, begun) = numbers(copy.get(8..16)?)?;
    if !fits || is_number != number || crc32c::crc32c(&copy) != crc {
        return None;
    }
    let before = u64::from_le_bytes(copy.get(16..24)?.try_into().ok()?);
    let hidden = match copy[2] {
        TRUNCATION => Hidden::Before(before),
        TOMBSTONE => Hidden::Deleted,
        _ => return None,
    };
    let stream = StreamName::parse(str::from_utf8(copy.get(FIXED_BYTES..)?).ok()?).ok()?;
    Some(Entry { length, begun, stream, hidden })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::StoryId;
    use uuid::Uuid;

    fn marks(count: u128) -> Vec<(StreamName, Hidden)> {
        let hidden = |n: u128| if n.is_multiple_of(2) { Hidden::Before(n as u64 + 1) } else { Hidden::Deleted };
        (0..count).map(|n| (StreamName::story(StoryId::new(Uuid::from_u128(n))), hidden(n))).collect()
    }

    #[test]
    fn one_damaged_byte_anywhere_loses_no_mark() {
        let marks = marks(4);
        let whole = encode_all(&marks, 0, false);
        let last_write = whole[whole.len() / 4 * 3..].to_vec();
        assert_eq!(parse(&whole), Found { entries: marks.clone(), bytes: whole.len(), last_write, ..Found::default() });
        for at in 0..whole.len() {
            for flip in [1, 0x80, 0xff] {
                let mut damaged = whole.clone();
                damaged[at] ^= flip;
                let found = parse(&damaged);
                assert_eq!((&found.entries, found.lost_at), (&marks, None), "byte {at}");
                assert_eq!((found.repaired, found.damaged_at), (1, Some(at - at % (whole.len() / 4))), "byte {at}");
            }
        }
    }

    #[test]
    fn a_mark_lost_in_both_copies_is_located_and_one_at_the_end_is_torn() {
        let marks = marks(3);
        let whole = encode_all(&marks, 0, false);
        let pair = whole.len() / 3;
        let mut damaged = whole.clone();
        damaged[pair + 30] ^= 1;
        damaged[pair + pair / 2 + 30] ^= 1;
        let found = parse(&damaged);
        assert_eq!((found.entries.as_slice(), found.lost_at), (&marks[..1], Some(pair)));
        for end in 2 * pair + 1..whole.len() {
            let found = parse(&whole[..end]);
            let is_whole_once = end >= 2 * pair + pair / 2;
            assert_eq!(found.entries, marks[..if is_whole_once { 3 } else { 2 }], "{end} bytes");
            assert_eq!(found.lost_at, None);
            assert!((found.torn_bytes > 0) != (found.repaired > 0), "{end} bytes");
        }
    }

    #[test]
    fn of_a_write_that_did_not_arrive_whole_nothing_is_missed_but_of_one_before_it() {
        let marks = marks(5);
        let (first, rest) = (encode_all(&marks[..2], 0, true), encode_all(&marks[2..], 2, true));
        let whole = [first.clone(), rest.clone()].concat();
        assert_eq!(parse(&whole).last_write, rest);
        let pair = whole.len() / 5;
        for lost in 0..5 {
            let mut torn = whole.clone();
            torn[lost * pair..(lost + 1) * pair].fill(0);
            let found = parse(&torn);
            assert_eq!(found.entries, marks[..lost]);
            let is_of_the_last = lost >= 2;
            assert_eq!(found.lost_at, (!is_of_the_last).then_some(lost * pair), "entry {lost}");
            assert_eq!(found.torn_bytes > 0, is_of_the_last, "entry {lost}");
        }
    }
}
