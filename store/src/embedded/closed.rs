//! A closed segment: immutable, found through its index.

use super::bloom;
use super::disk::DiskFile;
use super::mapped_index::{DamagedIndex, MappedIndex};
use super::memory_index::{MemoryIndex, StreamEvents};
use super::recovery;
use super::segment::Files;
use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::source::{SourceFault, begins_with_one_of};
use domain::stream::StreamName;
use std::io;
use std::ops::RangeInclusive;
use std::sync::{Arc, OnceLock};

/// A closed segment's index.
pub enum Index {
    /// Its file is not written yet.
    Memory(Arc<MemoryIndex>),
    /// Its file.
    Mapped(Box<MappedIndex>),
}

/// A stream's name with its hash, so that it is hashed once for all segments.
#[derive(Clone, Copy)]
pub struct Hashed<'a> {
    /// The name.
    pub name: &'a StreamName,
    /// As the index files have it.
    pub hash: u64,
}

impl<'a> Hashed<'a> {
    /// Hashes the name.
    pub fn new(name: &'a StreamName) -> Self {
        Self { name, hash: bloom::hash(name.as_str().as_bytes()) }
    }
}

/// A closed segment.
pub struct Closed {
    /// Its first position.
    pub first: u64,
    /// Its last position.
    pub last: u64,
    /// When its last event was recorded.
    pub last_recorded_at: Time,
    index: Index,
    /// The segment's file, once another one has taken its name.
    kept: OnceLock<Arc<dyn DiskFile>>,
    /// Stands in for an index file that turned out to be damaged.
    rebuilt: OnceLock<Arc<MemoryIndex>>,
}

impl Index {
    fn offset(&self, ordinal: u32) -> Result<u32, DamagedIndex> {
        match self {
            Index::Memory(index) => Ok(index.offset(ordinal)),
            Index::Mapped(index) => index.offset(ordinal),
        }
    }

    fn span(&self, stream: Hashed<'_>) -> Result<Option<(u64, u32)>, DamagedIndex> {
        match self {
            Index::Memory(index) => {
                Ok(index.streams.get(stream.name).map(|s| (s.first_revision, s.ordinals.len() as u32)))
            }
            Index::Mapped(index) => index.span(stream.name.as_str(), stream.hash),
        }
    }

    fn events(&self, stream: Hashed<'_>, low: u64, high: u64) -> Result<Option<StreamEvents>, DamagedIndex> {
        match self {
            Index::Memory(index) => Ok(index.streams.get(stream.name).map(|events| events.between(low, high))),
            Index::Mapped(index) => index.events(stream.name.as_str(), stream.hash, low, high),
        }
    }

    fn ordinals_of(&self, prefixes: &[String], within: &RangeInclusive<u32>) -> Result<Vec<u32>, DamagedIndex> {
        let is_wanted = |name: &str| begins_with_one_of(name, prefixes);
        let mut found = Vec::new();
        match self {
            Index::Memory(index) => {
                let wanted = index.streams.iter().filter(|(name, _)| is_wanted(name.as_str()));
                let ordinals = wanted.flat_map(|(_, events)| events.ordinals.iter().copied());
                found.extend(ordinals.filter(|ordinal| within.contains(ordinal)));
            }
            Index::Mapped(index) => {
                let wanted = index.streams()?.filter(|(name, ..)| is_wanted(name));
                found.extend(wanted.flat_map(|(_, _, ordinals)| ordinals).filter(|ordinal| within.contains(ordinal)));
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    fn id(&self, id: EventId, hash: u64) -> Result<Option<u32>, DamagedIndex> {
        match self {
            Index::Memory(index) => Ok(index.ids.get(&id).copied()),
            Index::Mapped(index) => index.id(id, hash),
        }
    }
}

impl StreamEvents {
    /// Those from revision `low` to `high`, both inclusive.
    pub fn between(&self, low: u64, high: u64) -> StreamEvents {
        let low = low.max(self.first_revision);
        let skipped = usize::try_from(low - self.first_revision).unwrap_or(usize::MAX);
        let wanted = usize::try_from((high + 1).saturating_sub(low)).unwrap_or(usize::MAX);
        let ordinals = self.ordinals.iter().skip(skipped).take(wanted).copied().collect();
        StreamEvents { first_revision: low, ordinals }
    }
}

impl Closed {
    /// A segment that was just closed; its index file is not written yet.
    pub fn from_memory(index: Arc<MemoryIndex>) -> Self {
        Self {
            first: index.first,
            last: index.first + u64::from(index.count()) - 1,
            last_recorded_at: index.last_recorded_at,
            index: Index::Memory(index),
            kept: OnceLock::new(),
            rebuilt: OnceLock::new(),
        }
    }

    /// A segment with an index file.
    pub fn from_mapped(index: MappedIndex) -> Self {
        Self {
            first: index.first,
            last: index.first + u64::from(index.count) - 1,
            last_recorded_at: index.last_recorded_at,
            index: Index::Mapped(Box::new(index)),
            kept: OnceLock::new(),
            rebuilt: OnceLock::new(),
        }
    }

    /// Its index file, once there is one.
    pub fn mapped(&self) -> Option<&MappedIndex> {
        match &self.index {
            Index::Memory(_) => None,
            Index::Mapped(index) => Some(index),
        }
    }

    /// Where the last record ends in its file, in bytes.
    pub fn end(&self) -> u32 {
        match &self.index {
            Index::Memory(index) => index.end,
            Index::Mapped(index) => index.end,
        }
    }

    /// Its file: the one that its index is of.
    pub fn file(&self, files: &Files) -> io::Result<Arc<dyn DiskFile>> {
        files.of(self)
    }

    /// The file that it keeps although another one has its name, if so.
    pub fn kept(&self) -> Option<&Arc<dyn DiskFile>> {
        self.kept.get()
    }

    /// Has it keep its file although another one takes its name.
    pub fn keep(&self, file: Arc<dyn DiskFile>) {
        self.kept.get_or_init(|| file);
    }

    /// Asks the index; one that turns out to be damaged is built again, in memory, from the segment.
    fn ask<T>(&self, files: &Files, question: impl Fn(&Index) -> Result<T, DamagedIndex>) -> Result<T, SourceFault> {
        if self.rebuilt.get().is_none() {
            if let Ok(answer) = question(&self.index) {
                return Ok(answer);
            }
            let recovered = self
                .file(files)
                .and_then(|file| recovery::recover(&*file, self.first))
                .map_err(|error| SourceFault::Unavailable(error.to_string()))?;
            if let Some((position, reason)) = recovered.damage {
                return Err(SourceFault::Damaged(position, reason));
            }
            if u64::from(recovered.index.count()) != self.last + 1 - self.first {
                let lost = Position(self.first + u64::from(recovered.index.count()));
                return Err(SourceFault::Damaged(lost, "the segment ends too early".into()));
            }
            tracing::warn!(segment = self.first, "the index of a log segment is damaged and was built again");
            self.rebuilt.get_or_init(|| Arc::new(recovered.index));
        }
        let index = self.rebuilt.get().map(|index| Index::Memory(Arc::clone(index)));
        index.and_then(|index| question(&index).ok()).ok_or_else(|| SourceFault::Unavailable("index".into()))
    }

    /// Where a record begins in the segment's file, in bytes; the end for the ordinal after the last.
    pub fn offset(&self, files: &Files, ordinal: u32) -> Result<u32, SourceFault> {
        self.ask(files, |index| index.offset(ordinal))
    }

    /// A stream's first revision here and the number of its events here.
    pub fn span(&self, files: &Files, stream: Hashed<'_>) -> Result<Option<(u64, u32)>, SourceFault> {
        self.ask(files, |index| index.span(stream))
    }

    /// A stream's events here between two revisions, both inclusive.
    pub fn events(
        &self,
        files: &Files,
        stream: Hashed<'_>,
        low: u64,
        high: u64,
    ) -> Result<Option<StreamEvents>, SourceFault> {
        self.ask(files, |index| index.events(stream, low, high))
    }

    /// The ordinals `within` a range that are of streams whose names begin with one of `prefixes`, in order.
    pub fn ordinals_of(
        &self,
        files: &Files,
        prefixes: &[String],
        within: &RangeInclusive<u32>,
    ) -> Result<Vec<u32>, SourceFault> {
        self.ask(files, |index| index.ordinals_of(prefixes, within))
    }

    /// How many streams have events here.
    pub fn stream_count(&self) -> usize {
        match &self.index {
            Index::Memory(index) => index.streams.len(),
            Index::Mapped(index) => index.stream_count(),
        }
    }

    /// The position of the event with this id; `hash` is the id's hash.
    pub fn id(&self, files: &Files, id: EventId, hash: u64) -> Result<Option<Position>, SourceFault> {
        let ordinal = self.ask(files, |index| index.id(id, hash))?;
        Ok(ordinal.map(|ordinal| Position(self.first + u64::from(ordinal))))
    }
}
