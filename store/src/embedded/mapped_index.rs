//! The index file of a closed segment: sorted, immutable, memory-mapped, so that memory does not grow with history.
//!
//! `<first position, 20 digits>.idx`, little-endian. It is derived: whoever finds it missing or damaged builds it again.
//!
//! Header, 256 bytes: 0 "TIDINGSI"; 8 version (4); 12 number of events (4); 16 first position (8); 24 log id (16);
//! 40 bytes used in the segment (4); 44 number of streams (4); 48 `recorded_at` of the last event (8); 56 for each of the seven
//! sections its offset (8), length (8), CRC-32C (4), zeros (4); 252 CRC-32C of 0..252. Sections in order:
//!
//! 1. offsets: for each event the byte offset of its record (4);
//! 2. streams, sorted by (hash, name): hash of the name (8), first revision (8), start of the name in section 3 (4), start
//!    of its ordinals in section 4 (4), number of events (4), length of the name (4);
//! 3. the names; 4. ordinals of each stream's events (4 each);
//! 5. ids of those that are no stubs, sorted: event id (16), ordinal (4); 6. filter of the streams' hashes; 7. filter of the ids' hashes.
//!
//! Hashes and filters: see the module `bloom`. A section's checksum is verified when it is first used.

use super::bloom;
use super::disk::Mapped;
use super::memory_index::{MemoryIndex, StreamEvents};
#[cfg(feature = "mutants")]
use super::options::{Mutant, is_on_this_thread};
use domain::clock::Time;
use domain::ids::{EventId, LogId};
use std::cmp::Ordering;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

const MAGIC: &[u8; 8] = b"TIDINGSI";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 256;
const SECTIONS: usize = 7;
const STREAM_BYTES: usize = 32;
const ID_BYTES: usize = 20;

#[derive(Clone, Copy)]
enum Section {
    Offsets,
    Streams,
    Names,
    Ordinals,
    Ids,
    StreamFilter,
    IdFilter,
}

/// The file's bytes are not those that were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DamagedIndex;

/// A mapped index file.
pub struct MappedIndex {
    map: Mapped,
    sections: [(usize, usize, u32); SECTIONS],
    checked: [AtomicBool; SECTIONS],
    /// The segment's first position.
    pub first: u64,
    /// How many events it has, at least one.
    pub count: u32,
    /// Where the last record ends, in bytes.
    pub end: u32,
    /// When the last event was recorded.
    pub last_recorded_at: Time,
    streams: u32,
}

/// The content of the index file for a segment.
pub fn build(index: &MemoryIndex, log_id: LogId) -> Vec<u8> {
    let mut streams: Vec<_> =
        index.streams.iter().map(|(name, events)| (bloom::hash(name.as_str().as_bytes()), name, events)).collect();
    streams.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let mut ids: Vec<_> = index.ids.iter().map(|(id, ordinal)| (*id.uuid().as_bytes(), *ordinal)).collect();
    ids.sort_unstable();

    let mut sections: [Vec<u8>; SECTIONS] = Default::default();
    sections[0] = index.offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect();
    for (hash, name, events) in &streams {
        let [_, entries, names, ordinals, ..] = &mut sections;
        entries.extend_from_slice(&hash.to_le_bytes());
        entries.extend_from_slice(&events.first_revision.to_le_bytes());
        entries.extend_from_slice(&(names.len() as u32).to_le_bytes());
        entries.extend_from_slice(&((ordinals.len() / 4) as u32).to_le_bytes());
        entries.extend_from_slice(&(events.ordinals.len() as u32).to_le_bytes());
        entries.extend_from_slice(&(name.as_str().len() as u32).to_le_bytes());
        names.extend_from_slice(name.as_str().as_bytes());
        events.ordinals.iter().for_each(|ordinal| ordinals.extend_from_slice(&ordinal.to_le_bytes()));
    }
    for (id, ordinal) in &ids {
        sections[4].extend_from_slice(id);
        sections[4].extend_from_slice(&ordinal.to_le_bytes());
    }
    sections[5] = bloom::build(streams.iter().map(|(hash, ..)| *hash));
    sections[6] = bloom::build(ids.iter().map(|(id, _)| bloom::hash(id)));

    let mut bytes = vec![0; HEADER_BYTES];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&index.count().to_le_bytes());
    bytes[16..24].copy_from_slice(&index.first.to_le_bytes());
    bytes[24..40].copy_from_slice(log_id.uuid().as_bytes());
    bytes[40..44].copy_from_slice(&index.end.to_le_bytes());
    bytes[44..48].copy_from_slice(&(streams.len() as u32).to_le_bytes());
    bytes[48..56].copy_from_slice(&index.last_recorded_at.micros().to_le_bytes());
    for (i, section) in sections.iter().enumerate() {
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        let (at, start) = (56 + i * 24, bytes.len() as u64);
        bytes[at..at + 8].copy_from_slice(&start.to_le_bytes());
        bytes[at + 8..at + 16].copy_from_slice(&(section.len() as u64).to_le_bytes());
        bytes[at + 16..at + 20].copy_from_slice(&crc32c::crc32c(section).to_le_bytes());
        bytes.extend_from_slice(section);
    }
    let crc = crc32c::crc32c(&bytes[..252]);
    bytes[252..256].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

impl MappedIndex {
    /// Accepts an index of this log for the segment that begins at `first`. Its sections are verified when used.
    pub fn open(map: Mapped, log_id: LogId, first: u64) -> Result<Self, DamagedIndex> {
        let header = map.get(..HEADER_BYTES).ok_or(DamagedIndex)?;
        let genuine = header[..8] == *MAGIC
            && crc32c::crc32c(&header[..252]) == u32_at(header, 252)
            && u32_at(header, 8) == VERSION
            && header[24..40] == *log_id.uuid().as_bytes()
            && u64_at(header, 16) == first;
        let mut sections = [(0, 0, 0); SECTIONS];
        for (i, section) in sections.iter_mut().enumerate() {
            let at = 56 + i * 24;
            *section = (u64_at(header, at) as usize, u64_at(header, at + 8) as usize, u32_at(header, at + 16));
        }
        let within = sections.iter().all(|(at, len, _)| at.checked_add(*len).is_some_and(|end| end <= map.len()));
        let (count, streams) = (u32_at(header, 12), u32_at(header, 44));
        let fits = sections[0].1 == count as usize * 4
            && sections[1].1 == streams as usize * STREAM_BYTES
            && sections[4].1 <= count as usize * ID_BYTES
            && sections[4].1.is_multiple_of(ID_BYTES);
        if !(genuine && within && fits && count > 0) {
            return Err(DamagedIndex);
        }
        let end = u32_at(header, 40);
        let last_recorded_at = Time::from_micros(u64_at(header, 48).cast_signed());
        Ok(Self { sections, checked: Default::default(), first, count, end, last_recorded_at, streams, map })
    }

    fn section(&self, section: Section) -> Result<&[u8], DamagedIndex> {
        let (at, len, crc) = self.sections[section as usize];
        let bytes = self.map.get(at..at + len).ok_or(DamagedIndex)?;
        let checked = &self.checked[section as usize];
        if !checked.load(Relaxed) {
            if crc32c::crc32c(bytes) != crc {
                #[cfg(feature = "mutants")]
                if is_on_this_thread(Mutant::IndexWithoutChecksum) {
                    return Ok(bytes);
                }
                return Err(DamagedIndex);
            }
            checked.store(true, Relaxed);
        }
        Ok(bytes)
    }

    /// Verifies every section.
    pub fn verify(&self) -> Result<(), DamagedIndex> {
        use Section::{IdFilter, Ids, Names, Offsets, Ordinals, StreamFilter, Streams};
        [Offsets, Streams, Names, Ordinals, Ids, StreamFilter, IdFilter]
            .into_iter()
            .try_for_each(|section| self.section(section).map(drop))
    }

    /// How many streams have events here.
    pub fn stream_count(&self) -> usize {
        self.streams as usize
    }

    /// The hash of the stream with this number, in the order of the hashes; none after the last.
    pub fn stream_hash(&self, number: usize) -> Result<Option<u64>, DamagedIndex> {
        let streams = self.section(Section::Streams)?;
        Ok((number < self.stream_count()).then(|| u64_at(streams, number * STREAM_BYTES)))
    }

    /// Bytes of the file.
    pub fn file_bytes(&self) -> usize {
        self.map.len()
    }

    /// Whether the file is this one.
    pub fn is(&self, file: &[u8]) -> bool {
        *self.map == *file
    }

    /// Every stream: its name, its first revision here, its events' ordinals.
    pub fn streams(&self) -> Result<impl Iterator<Item = (&str, u64, impl Iterator<Item = u32>)>, DamagedIndex> {
        let (streams, names) = (self.section(Section::Streams)?, self.section(Section::Names)?);
        let ordinals = self.section(Section::Ordinals)?;
        Ok(streams.chunks_exact(STREAM_BYTES).map(move |entry| {
            let (start, len) = (u32_at(entry, 16) as usize, u32_at(entry, 28) as usize);
            let name = names.get(start..start + len).and_then(|name| str::from_utf8(name).ok()).unwrap_or_default();
            let (first, count) = (u32_at(entry, 20) as usize, u32_at(entry, 24) as usize);
            let of_stream = (first..first + count).map(move |i| u32_at(ordinals, i * 4));
            (name, u64_at(entry, 8), of_stream)
        }))
    }

    /// The hashes of the ids, in no order.
    pub fn id_hashes(&self) -> Result<impl Iterator<Item = u64>, DamagedIndex> {
        Ok(self.section(Section::Ids)?.chunks_exact(ID_BYTES).map(|entry| bloom::hash(&entry[..16])))
    }

    /// Where the record with this ordinal begins; the segment's end for the ordinal after the last.
    pub fn offset(&self, ordinal: u32) -> Result<u32, DamagedIndex> {
        let offsets = self.section(Section::Offsets)?;
        Ok(if ordinal < self.count { u32_at(offsets, ordinal as usize * 4) } else { self.end })
    }

    /// The ordinal of the event with this id.
    pub fn id(&self, id: EventId, hash: u64) -> Result<Option<u32>, DamagedIndex> {
        if !bloom::may_contain(self.section(Section::IdFilter)?, hash) {
            return Ok(None);
        }
        let (ids, wanted) = (self.section(Section::Ids)?, id.uuid());
        let found = search((ids.len() / ID_BYTES) as u32, |i| {
            let at = i as usize * ID_BYTES;
            Ok(ids.get(at..at + 16).ok_or(DamagedIndex)?.cmp(wanted.as_bytes()))
        })?;
        Ok(found.map(|i| u32_at(ids, i as usize * ID_BYTES + 16)))
    }

    /// Byte offset of a stream's entry in the section of streams.
    fn entry(&self, name: &str, hash: u64) -> Result<Option<usize>, DamagedIndex> {
        if !bloom::may_contain(self.section(Section::StreamFilter)?, hash) {
            return Ok(None);
        }
        let (streams, names) = (self.section(Section::Streams)?, self.section(Section::Names)?);
        let found = search(self.streams, |i| {
            let at = i as usize * STREAM_BYTES;
            let (start, len) = (u32_at(streams, at + 16) as usize, u32_at(streams, at + 28) as usize);
            let stored = names.get(start..start + len).ok_or(DamagedIndex)?;
            Ok(u64_at(streams, at).cmp(&hash).then_with(|| stored.cmp(name.as_bytes())))
        })?;
        Ok(found.map(|i| i as usize * STREAM_BYTES))
    }

    /// A stream's first revision here and the number of its events here.
    pub fn span(&self, name: &str, hash: u64) -> Result<Option<(u64, u32)>, DamagedIndex> {
        let Some(at) = self.entry(name, hash)? else { return Ok(None) };
        let streams = self.section(Section::Streams)?;
        Ok(Some((u64_at(streams, at + 8), u32_at(streams, at + 24))))
    }

    /// A stream's events here from revision `low` to `high`, both inclusive.
    pub fn events(&self, name: &str, hash: u64, low: u64, high: u64) -> Result<Option<StreamEvents>, DamagedIndex> {
        let Some(at) = self.entry(name, hash)? else { return Ok(None) };
        let (streams, ordinals) = (self.section(Section::Streams)?, self.section(Section::Ordinals)?);
        let (first, count) = (u64_at(streams, at + 8), u64::from(u32_at(streams, at + 24)));
        let start = u64::from(u32_at(streams, at + 20));
        let low = low.max(first);
        let high = high.min(first + count.saturating_sub(1));
        let ordinals = (low..=high).map(|r| u32_at(ordinals, (start + r - first) as usize * 4)).collect();
        Ok(Some(StreamEvents { first_revision: low, ordinals }))
    }
}

fn search(
    count: u32,
    mut compare: impl FnMut(u32) -> Result<Ordering, DamagedIndex>,
) -> Result<Option<u32>, DamagedIndex> {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle)? {
            Ordering::Equal => return Ok(Some(middle)),
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
        }
    }
    Ok(None)
}
