//! Segment files: their names, walking through their records, and the file handles that stay open.

use super::closed::Closed;
use super::disk::{Disk, DiskFile, Mode};
use super::mapped_index::MappedIndex;
use super::record::{NoRecord, RecordRef, claimed_length};
use domain::ids::LogId;
use lru::LruCache;
use parking_lot::Mutex;
use std::io;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file that is zeroed ahead to become the next segment.
pub const SPARE: &str = "spare.seg.new";
const WALK_BYTES: usize = 1 << 20;
const OPEN_FILES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(63);

/// `<first position, 20 digits>.seg`.
pub fn segment_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// `<first position, 20 digits>.idx`.
pub fn index_name(first: u64) -> String {
    format!("{first:020}.idx")
}

/// The first position of a segment by its file's name; `None` if the file is not one of ours.
pub fn parse_segment_name(name: &str) -> Option<u64> {
    parse_name(name, ".seg")
}

/// The first position of a segment by its index file's name; `None` if the file is not one of ours.
pub fn parse_index_name(name: &str) -> Option<u64> {
    parse_name(name, ".idx")
}

fn parse_name(name: &str, suffix: &str) -> Option<u64> {
    let digits = name.strip_suffix(suffix)?;
    let plain = digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

/// The closed segments' files, of which only the latest used stay open.
pub struct Files {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    open: Mutex<LruCache<u64, Arc<dyn DiskFile>>>,
    /// The log, if another process may be writing segments anew.
    shared: Option<LogId>,
}

impl Files {
    /// Of the log in `dir`.
    pub fn new(disk: Arc<dyn Disk>, dir: &Path, shared: Option<LogId>) -> Self {
        Self { disk, dir: dir.to_owned(), open: Mutex::new(LruCache::new(OPEN_FILES)), shared }
    }

    /// The file of a segment: the one that its index is of.
    pub fn of(&self, segment: &Closed) -> io::Result<Arc<dyn DiskFile>> {
        let mut open = self.open.lock();
        if let Some(file) = segment.kept() {
            return Ok(Arc::clone(file));
        }
        if let Some(file) = open.get(&segment.first) {
            return Ok(Arc::clone(file));
        }
        let file = self.disk.open(&self.dir.join(segment_name(segment.first)), Mode::Read)?;
        self.is_as_it_was(segment, &*file)?;
        open.put(segment.first, Arc::clone(&file));
        Ok(file)
    }

    /// In a process that only reads: whether the one that has the log has written this segment anew since.
    fn is_as_it_was(&self, segment: &Closed, file: &dyn DiskFile) -> io::Result<()> {
        let Some(log_id) = self.shared.filter(|_| segment.mapped().is_some()) else { return Ok(()) };
        if file.size()? >= u64::from(segment.end()) {
            return Ok(());
        }
        let is_another = match self.disk.map(&self.dir.join(index_name(segment.first))) {
            Ok(map) => MappedIndex::open(map, log_id, segment.first).is_ok_and(|index| index.end != segment.end()),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_another {
            return Err(io::Error::other("a server gave back space in it meanwhile: look again"));
        }
        Ok(())
    }

    /// Has `rename` put another file in the place of a segment's. Whoever has the segment keeps the old one.
    pub fn replace(&self, segment: &Closed, rename: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let old = self.of(segment)?;
        let mut open = self.open.lock();
        segment.keep(old);
        open.pop(&segment.first);
        rename()
    }
}

/// Reads a segment's records one after the other, whatever the indexes say.
pub struct Walk<'f> {
    file: &'f dyn DiskFile,
    len: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer begins, in bytes.
    start: u64,
}

impl<'f> Walk<'f> {
    /// Over the file as long as it is now.
    pub fn new(file: &'f dyn DiskFile) -> io::Result<Self> {
        Ok(Self { file, len: file.size()?, buffer: Vec::new(), start: 0 })
    }

    /// The bytes at `at`, at least `wanted` of them unless the file ends before.
    pub fn bytes(&mut self, at: u64, wanted: usize) -> io::Result<&[u8]> {
        let left = usize::try_from(self.len.saturating_sub(at)).unwrap_or(usize::MAX);
        let wanted = wanted.min(left);
        let held = self.start <= at && at + wanted as u64 <= self.start + self.buffer.len() as u64;
        if !held {
            self.buffer = vec![0; wanted.max(WALK_BYTES).min(left)];
            self.start = at;
            if let Err(fault) = self.file.read_at(&mut self.buffer, at) {
                self.buffer.clear();
                return if self.was_cut(&fault)? { self.bytes(at, wanted) } else { Err(fault) };
            }
        }
        Ok(&self.buffer[(at - self.start) as usize..])
    }

    /// Whether the file has become shorter, as it does when the server that has the log closes the segment: what was zeroed
    /// ahead and not used is cut off.
    fn was_cut(&mut self, fault: &io::Error) -> io::Result<bool> {
        let before = self.len;
        if fault.kind() == io::ErrorKind::UnexpectedEof {
            self.len = self.file.size()?;
        }
        Ok(self.len < before)
    }

    /// The record at `at`; [`NoRecord::End`] at the end of the file.
    pub fn record(&mut self, at: u64) -> io::Result<Result<RecordRef<'_>, NoRecord>> {
        let claimed = claimed_length(self.bytes(at, 4)?);
        // After reading: that may have found that the file was cut.
        if at >= self.len {
            return Ok(Err(NoRecord::End));
        }
        match claimed {
            Ok(length) => Ok(RecordRef::parse(self.bytes(at, length)?)),
            Err(no_record) => Ok(Err(no_record)),
        }
    }

    /// Where the last byte that is not zero ends, from `at` on; `None` if all are zero.
    pub fn end_of_content(&mut self, mut at: u64) -> io::Result<Option<u64>> {
        let mut end = None;
        while at < self.len {
            let bytes = self.bytes(at, 1)?;
            // Most of it are zeros: whole blocks of them are passed over at the speed of memory.
            let is_zero = |block: &[u8]| block.iter().fold(0, |all, byte| all | byte) == 0;
            let zeros: usize = bytes.rchunks(4096).take_while(|block| is_zero(block)).map(<[u8]>::len).sum();
            if let Some(last) = bytes[..bytes.len() - zeros].iter().rposition(|byte| *byte != 0) {
                end = Some(at + last as u64 + 1);
            }
            at += bytes.len() as u64;
        }
        Ok(end)
    }

    /// The next valid record at or after `at`, and where it is.
    pub fn next_valid(&mut self, mut at: u64, end: u64) -> io::Result<Option<(u64, RecordRef<'_>)>> {
        at = at.next_multiple_of(8);
        while at < end {
            if self.record(at)?.is_ok() {
                let found = self.record(at)?;
                return Ok(found.ok().map(|record| (at, record)));
            }
            at += 8;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::disk::RealDisk;

    #[test]
    fn a_segment_that_is_cut_while_it_is_walked_through_ends_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(segment_name(1));
        let zeroed_ahead = vec![0; 3 * WALK_BYTES];
        let cut_at = |bytes: u64| std::fs::File::options().write(true).open(&path).unwrap().set_len(bytes).unwrap();
        let after_a_cut_at = |bytes: u64| {
            std::fs::write(&path, &zeroed_ahead).unwrap();
            let file = RealDisk.open(&path, Mode::Read).unwrap();
            (file, move || cut_at(bytes))
        };

        let (file, cut) = after_a_cut_at(8);
        let mut walk = Walk::new(&*file).unwrap();
        cut();
        assert_eq!(walk.record(8).unwrap().err(), Some(NoRecord::End));

        let (file, cut) = after_a_cut_at(WALK_BYTES as u64 + 8);
        let mut walk = Walk::new(&*file).unwrap();
        assert_eq!(walk.record(0).unwrap().err(), Some(NoRecord::End));
        cut();
        assert_eq!(walk.end_of_content(0).unwrap(), None);
        assert_eq!(walk.bytes(WALK_BYTES as u64, 64).unwrap(), [0; 8]);
    }
}
