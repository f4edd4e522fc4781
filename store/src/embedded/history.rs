//! Everything durable, as readers and the writer see it: closed segments, the open one, heads of streams, ids.

use super::bloom;
use super::closed::{Closed, Hashed};
use super::disk::DiskFile;
use super::marks::Marks;
use super::memory_index::MemoryIndex;
use super::merged::{Kind, Merged, Search};
use super::segment::Files;
use domain::clock::{Clock, Time};
use domain::ids::{EventId, LogId, Position};
use domain::limits::IDEMPOTENCY_KEY_LIFE_SECONDS;
use domain::source::SourceFault;
use domain::stream::StreamName;
use lru::LruCache;
use parking_lot::{Mutex, RwLock};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Heads of streams of closed segments that stay in memory: about 25 MiB when full.
const HEADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add((128 << 10) - 1);

/// Which segments there are.
pub struct State {
    /// In order, without gaps between their positions.
    pub closed: Arc<Vec<Arc<Closed>>>,
    /// Filters over many of them.
    pub merged: Arc<Merged>,
    /// The index of the open segment: durable events only.
    pub open: MemoryIndex,
    /// The open segment's file.
    pub file: Arc<dyn DiskFile>,
}

/// A stream's newest revision in the first `closed` closed segments.
#[derive(Clone, Copy)]
struct KnownHead {
    closed: usize,
    revision: Option<u64>,
}

/// Everything durable.
pub struct History {
    /// Which log this is.
    pub log_id: LogId,
    /// Which segments there are.
    pub state: RwLock<State>,
    /// The closed segments' files.
    pub files: Files,
    /// Which streams were truncated or deleted.
    pub marks: Marks,
    /// For ages.
    pub clock: Arc<dyn Clock>,
    heads: Mutex<LruCache<StreamName, KnownHead>>,
    head: AtomicU64,
}

impl History {
    /// Puts together what recovery found.
    pub fn new(log_id: LogId, state: State, files: Files, marks: Marks, clock: Arc<dyn Clock>) -> Self {
        let head = state.open.first + u64::from(state.open.count()) - 1;
        // It grows as it is used: a log of few streams needs little.
        let mut heads = LruCache::new(NonZeroUsize::MIN);
        heads.resize(HEADS);
        Self {
            log_id,
            state: RwLock::new(state),
            files,
            marks,
            clock,
            heads: Mutex::new(heads),
            head: AtomicU64::new(head),
        }
    }

    /// The position of the last durable event.
    pub fn head(&self) -> Position {
        Position(self.head.load(Ordering::Acquire))
    }

    /// Moves the head, while the events up to it are being published in the state.
    pub fn set_head(&self, head: Position) {
        self.head.store(head.0, Ordering::Release);
    }

    /// The newest revision of a stream, whatever retention hides.
    pub fn revision(&self, state: &State, stream: &StreamName) -> Result<Option<u64>, SourceFault> {
        if let Some(revision) = state.open.head(stream) {
            return Ok(Some(revision));
        }
        if state.closed.is_empty() {
            return Ok(None);
        }
        let unknown = KnownHead { closed: 0, revision: None };
        let known = self.heads.lock().get(stream).copied().unwrap_or(unknown);
        if known.closed == state.closed.len() {
            return Ok(known.revision);
        }
        let mut revision = known.revision;
        let hashed = Hashed::new(stream);
        for segment in Search::new(&state.closed, &state.merged, known.closed, Kind::Stream, hashed.hash) {
            if let Some((first, count)) = segment.span(&self.files, hashed)? {
                revision = Some(first + u64::from(count) - 1);
                break;
            }
        }
        self.remember(stream, KnownHead { closed: state.closed.len(), revision });
        Ok(revision)
    }

    fn remember(&self, stream: &StreamName, head: KnownHead) {
        let mut heads = self.heads.lock();
        if heads.peek(stream).is_none_or(|known| known.closed <= head.closed) {
            heads.put(stream.clone(), head);
        }
    }

    /// From when on ids are remembered: an event recorded before may be forgotten.
    pub fn ids_since(&self) -> Time {
        self.clock.now().plus_seconds(-IDEMPOTENCY_KEY_LIFE_SECONDS)
    }

    /// The position of the event with this id, if it was recorded since `since` (or a little before).
    pub fn find(&self, state: &State, id: EventId, since: Time) -> Result<Option<Position>, SourceFault> {
        if let Some(ordinal) = state.open.ids.get(&id) {
            return Ok(Some(Position(state.open.first + u64::from(*ordinal))));
        }
        if state.closed.is_empty() {
            return Ok(None);
        }
        let hash = bloom::hash(id.uuid().as_bytes());
        let from = state.closed.partition_point(|segment| segment.last_recorded_at < since);
        for segment in Search::new(&state.closed, &state.merged, from, Kind::Id, hash) {
            if let Some(position) = segment.id(&self.files, id, hash)? {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }
}
