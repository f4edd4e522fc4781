//! Which streams were truncated, and where: a small synced file of its own, so that positions stay dense.
//!
//! `truncations`, appended to, little-endian, one entry after the other: length of the entry with everything (2),
//! length of the name (2), CRC-32C of the whole entry with this field as zero (4), first revision that is still read (8), the
//! stream's name. The last entry of a stream counts. An incomplete last entry was never acknowledged and is cut.
//! In memory: about 150 bytes for each truncated stream.

use super::disk::{Disk, DiskFile, Mode};
use domain::stream::StreamName;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// The file's name.
pub const FILE: &str = "truncations";
const FIXED_BYTES: usize = 16;

/// The truncated streams.
#[derive(Debug, Default)]
pub struct Truncations {
    before: RwLock<FxHashMap<StreamName, u64>>,
}

/// The file that new truncations are appended to; the writer has it.
pub struct TruncationFile {
    file: Arc<dyn DiskFile>,
    end: u64,
}

impl Truncations {
    /// Reads the file, if there is one. Gives also where its last complete entry ends, in bytes.
    pub fn read(disk: &dyn Disk, dir: &Path) -> io::Result<(Self, u64)> {
        let bytes = match super::disk::read_whole(disk, &dir.join(FILE)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Self::default(), 0)),
            Err(error) => return Err(error),
        };
        let (mut at, mut before) = (0, FxHashMap::default());
        while let Some((length, stream, revision)) = decode(&bytes[at..]) {
            before.insert(stream, revision);
            at += length;
        }
        Ok((Self { before: RwLock::new(before) }, at as u64))
    }

    /// The first revision of a stream that is still read; 0 unless it was truncated.
    pub fn before(&self, stream: &StreamName) -> u64 {
        self.before.read().get(stream).copied().unwrap_or(0)
    }

    /// Makes a truncation visible, after it became durable.
    pub fn publish(&self, stream: StreamName, before: u64) {
        self.before.write().insert(stream, before);
    }
}

impl TruncationFile {
    /// Opens the file for appending after `end`; what follows there is cut.
    pub fn open(disk: &dyn Disk, dir: &Path, end: u64) -> io::Result<Self> {
        let path = dir.join(FILE);
        let file = match disk.open(&path, Mode::Write) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let file = disk.open(&path, Mode::Create)?;
                disk.sync_dir(dir)?;
                file
            }
            Err(error) => return Err(error),
        };
        if file.size()? > end {
            file.set_len(end)?;
            file.sync()?;
        }
        Ok(Self { file, end })
    }

    /// Writes a truncation durably. After a failed write nothing of it stays.
    pub fn append(&mut self, stream: &StreamName, before: u64) -> io::Result<()> {
        let entry = encode(stream, before);
        if let Err(error) = self.file.write_at(&entry, self.end) {
            self.file.set_len(self.end)?;
            return Err(error);
        }
        self.file.sync()?;
        self.end += entry.len() as u64;
        Ok(())
    }
}

fn encode(stream: &StreamName, before: u64) -> Vec<u8> {
    let name = stream.as_str().as_bytes();
    let mut entry = vec![0; FIXED_BYTES];
    entry[..2].copy_from_slice(&((FIXED_BYTES + name.len()) as u16).to_le_bytes());
    entry[2..4].copy_from_slice(&(name.len() as u16).to_le_bytes());
    entry[8..16].copy_from_slice(&before.to_le_bytes());
    entry.extend_from_slice(name);
    let crc = crc32c::crc32c(&entry);
    entry[4..8].copy_from_slice(&crc.to_le_bytes());
    entry
}

fn decode(bytes: &[u8]) -> Option<(usize, StreamName, u64)> {
    let length = usize::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?));
    let mut entry = bytes.get(..length)?.to_vec();
    let crc = u32::from_le_bytes(entry.get(4..8)?.try_into().ok()?);
    entry.get_mut(4..8)?.fill(0);
    if crc32c::crc32c(&entry) != crc {
        return None;
    }
    let before = u64::from_le_bytes(entry.get(8..16)?.try_into().ok()?);
    let stream = StreamName::parse(str::from_utf8(entry.get(FIXED_BYTES..)?).ok()?).ok()?;
    Some((length, stream, before))
}
