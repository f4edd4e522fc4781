//! The index of one segment in memory: of the open one, and of a closed one until its file is written.

use domain::clock::Time;
use domain::ids::EventId;
use domain::stream::StreamName;
use rustc_hash::{FxBuildHasher, FxHashMap};

/// A stream's events in one segment. Their revisions follow each other without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamEvents {
    /// The revision of the first.
    pub first_revision: u64,
    /// Their ordinals: how many positions each stands after the segment's first.
    pub ordinals: Vec<u32>,
}

/// Where the events of one segment are.
#[derive(Debug, Default)]
pub struct MemoryIndex {
    /// The segment's first position.
    pub first: u64,
    /// Byte offsets of the records, by ordinal.
    pub offsets: Vec<u32>,
    /// Where the last record ends, in bytes.
    pub end: u32,
    /// When the last event was recorded.
    pub last_recorded_at: Time,
    /// Ordinals by event id.
    pub ids: FxHashMap<EventId, u32>,
    /// Events by stream.
    pub streams: FxHashMap<StreamName, StreamEvents>,
}

impl MemoryIndex {
    /// Of an empty segment.
    pub fn new(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Of an empty segment that is expected to hold about as much as another one: growing tables cost as much as filling
    /// them.
    pub fn like(first: u64, other: &Self) -> Self {
        Self {
            first,
            offsets: Vec::with_capacity(other.offsets.len()),
            ids: FxHashMap::with_capacity_and_hasher(other.ids.len(), FxBuildHasher),
            streams: FxHashMap::with_capacity_and_hasher(other.streams.len(), FxBuildHasher),
            ..Self::default()
        }
    }

    /// Takes in the next event; its record is `length` bytes long and follows the one before. A stub has no id.
    pub fn push(&mut self, stream: &StreamName, revision: u64, id: Option<EventId>, length: u32) {
        let ordinal = self.offsets.len() as u32;
        self.offsets.push(self.end);
        self.end += length;
        if let Some(id) = id {
            self.ids.insert(id, ordinal);
        }
        match self.streams.get_mut(stream) {
            Some(events) => events.ordinals.push(ordinal),
            None => {
                let events = StreamEvents { first_revision: revision, ordinals: vec![ordinal] };
                self.streams.insert(stream.clone(), events);
            }
        }
    }

    /// How many events it has.
    pub fn count(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// Where the record with this ordinal begins; the segment's end for the ordinal after the last.
    pub fn offset(&self, ordinal: u32) -> u32 {
        self.offsets.get(ordinal as usize).copied().unwrap_or(self.end)
    }

    /// The newest revision of a stream in this segment.
    pub fn head(&self, stream: &StreamName) -> Option<u64> {
        self.streams.get(stream).map(|events| events.first_revision + events.ordinals.len() as u64 - 1)
    }
}
