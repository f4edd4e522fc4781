//! Giving back the bytes of what nobody reads any more: a closed segment is written anew with stubs in the places of
//! events that max age, max count, truncation or deletion hides.
//!
//! A stub keeps position, stream, revision, time and the commitment to the record that stood there (see `record`), so
//! positions stay dense and history stays provable. Only segments whose last event is older than the life of an
//! idempotency key are touched, so every id that must be found is still there; the newest event of the log stays.
//!
//! At every step a crash leaves a log that opens: (1) the new segment is written aside (`….seg.new`) and synced; (2) the
//! index is removed, durably, since it is of the old segment; (3) the new segment is renamed over the old one, durably;
//! (4) its index is written as always; (5) readers are given both. A missing index is built again when the log is opened,
//! from whichever segment stands there. Readers that found something through the old index keep the old file.
//! Metrics: `log_reclaimed_bytes_total`, `log_reclaimed_events_total`.

use super::closed::Closed;
use super::disk::{Disk, Mode};
use super::history::History;
use super::mapped_index::MappedIndex;
use super::memory_index::MemoryIndex;
use super::record::{self, stub_bytes};
use super::scan::verified;
use super::sealer::{swap, write_index};
use super::segment::{Walk, index_name, segment_name};
use domain::clock::Time;
use domain::ids::Position;
use domain::source::SourceFault;
use domain::stream::StreamName;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

/// A segment is left alone as long as less than this part of it would be given back, unless somebody asked for it or
/// deleted or truncated the streams.
const LEAST_PART: u64 = 16;
/// Bytes that are written and synced at once, and that are read or written until `go_on` is asked. More would hold up the
/// writer's own syncs on the same device.
pub const PIECE_BYTES: usize = 1 << 20;

/// What was given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Segments that were written anew.
    pub segments: u64,
    /// Events that became stubs.
    pub events: u64,
    /// Bytes fewer.
    pub bytes: u64,
}

/// Why nothing more was given back. The log is as good as before.
#[derive(Debug, thiserror::Error)]
pub enum ReclaimFault {
    /// It was told to stop.
    #[error("stopped")]
    Stopped,
    /// The log is open for reading only, or closed.
    #[error("the log is not open for appending")]
    NotOpen,
    /// A segment cannot be read.
    #[error("a segment cannot be read")]
    Source(#[from] SourceFault),
    /// The operating system refused.
    #[error("{0} failed")]
    Io(&'static str, #[source] io::Error),
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> ReclaimFault {
    move |error| ReclaimFault::Io(doing, error)
}

/// One round over the closed segments.
pub struct Reclaim<'a> {
    /// Where the segments are.
    pub disk: &'a dyn Disk,
    /// The log's directory.
    pub dir: &'a Path,
    /// The log.
    pub history: &'a History,
    /// Is told how many bytes were read or written, and says whether to go on.
    pub go_on: &'a dyn Fn(u64) -> bool,
}

/// What nobody reads any more in one segment.
#[derive(Default)]
struct Plan {
    /// By ordinal: whether a stub takes its place.
    hidden: Vec<bool>,
    events: u64,
    bytes: u64,
    /// Whether somebody truncated or deleted a stream of it.
    was_asked_for: bool,
}

impl Reclaim<'_> {
    /// Writes those segments anew where it is worth it, or with `everything` wherever anything is hidden.
    pub fn run(&self, everything: bool) -> Result<Reclaimed, ReclaimFault> {
        let closed = Arc::clone(&self.history.state.read().closed);
        let (now, ids_since) = (self.history.clock.now(), self.history.ids_since());
        let mut reclaimed = Reclaimed::default();
        for segment in closed.iter().take_while(|segment| segment.last_recorded_at < ids_since) {
            // Without an index file, or with a damaged one, the segment is left alone until the log is opened again.
            let Some(index) = segment.mapped() else { continue };
            let Some(plan) = self.plan(segment, index, now)? else { continue };
            self.has_done(index.file_bytes() as u64)?;
            let is_worth_it = everything || plan.was_asked_for || plan.bytes * LEAST_PART >= u64::from(index.end);
            if plan.events == 0 || !is_worth_it {
                continue;
            }
            self.rewrite(segment, &plan)?;
            reclaimed.segments += 1;
            reclaimed.events += plan.events;
            reclaimed.bytes += plan.bytes;
            metrics::counter!("log_reclaimed_events_total").increment(plan.events);
            metrics::counter!("log_reclaimed_bytes_total").increment(plan.bytes);
        }
        if reclaimed.segments > 0 {
            let Reclaimed { segments, events, bytes } = reclaimed;
            tracing::info!(segments, events, bytes, "gave back the space of events that nobody reads any more");
        }
        Ok(reclaimed)
    }

    fn has_done(&self, bytes: u64) -> Result<(), ReclaimFault> {
        if (self.go_on)(bytes) { Ok(()) } else { Err(ReclaimFault::Stopped) }
    }

    /// What can become a stub, by the index alone. `None` if the index is damaged.
    fn plan(&self, segment: &Closed, index: &MappedIndex, now: Time) -> Result<Option<Plan>, ReclaimFault> {
        let mut plan = Plan { hidden: vec![false; index.count as usize], ..Plan::default() };
        let Ok(streams) = index.streams() else { return Ok(None) };
        let head = self.history.head().0;
        for (name, first_revision, ordinals) in streams {
            let Ok(stream) = StreamName::parse(name) else { return Ok(None) };
            let (marked, kept) = (self.history.marks.before(name), stream.category().retention());
            let mut lowest = marked;
            if let Some(count) = kept.max_count {
                let newest = self.history.revision(&self.history.state.read(), &stream)?;
                lowest = lowest.max(newest.map_or(0, |newest| (newest + 1).saturating_sub(count)));
            }
            if let Some(age) = kept.max_age_seconds
                && segment.last_recorded_at < now.plus_seconds(i64::try_from(age).unwrap_or(i64::MAX).saturating_neg())
            {
                lowest = u64::MAX;
            }
            for (revision, ordinal) in (first_revision..lowest).zip(ordinals) {
                let (Ok(start), Ok(end)) = (index.offset(ordinal), index.offset(ordinal + 1)) else { return Ok(None) };
                let saved = end.saturating_sub(start).saturating_sub(stub_bytes(name) as u32);
                // A stub has the length of one; every other record is longer.
                if saved == 0 || segment.first + u64::from(ordinal) == head {
                    continue;
                }
                if let Some(hidden) = plan.hidden.get_mut(ordinal as usize) {
                    *hidden = true;
                }
                plan.events += 1;
                plan.bytes += u64::from(saved);
                plan.was_asked_for |= revision < marked;
            }
        }
        Ok(Some(plan))
    }

    fn rewrite(&self, segment: &Arc<Closed>, plan: &Plan) -> Result<(), ReclaimFault> {
        let name = segment_name(segment.first);
        let (path, beside) = (self.dir.join(&name), self.dir.join(format!("{name}.new")));
        let index = match self.write_aside(segment, plan, &beside) {
            Ok(index) => index,
            Err(fault) => {
                // What is left of it takes space and nothing else; the next round writes over it.
                drop(self.disk.remove(&beside));
                return Err(fault);
            }
        };
        let doing = "replacing a segment";
        match self.disk.remove(&self.dir.join(index_name(segment.first))) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(ReclaimFault::Io(doing, error)),
            _ => self.disk.sync_dir(self.dir).map_err(io(doing))?,
        }
        self.history.files.replace(segment, || self.disk.rename(&beside, &path)).map_err(io(doing))?;
        let written =
            self.disk.sync_dir(self.dir).and_then(|()| write_index(self.disk, self.dir, self.history.log_id, &index));
        // The new segment stands there, whatever became of its index.
        match written {
            Ok(mapped) => {
                swap(self.history, Closed::from_mapped(mapped));
                Ok(())
            }
            Err(error) => {
                swap(self.history, Closed::from_memory(Arc::new(index)));
                Err(ReclaimFault::Io("writing an index", error))
            }
        }
    }

    /// Writes the new segment, durably. Gives its index.
    fn write_aside(&self, segment: &Closed, plan: &Plan, path: &Path) -> Result<MemoryIndex, ReclaimFault> {
        let doing = "writing a segment anew";
        let old = segment.file(&self.history.files).map_err(io("opening a segment"))?;
        let file = self.disk.open(path, Mode::Create).map_err(io(doing))?;
        let mut walk = Walk::new(&*old).map_err(io("reading a segment"))?;
        let mut index = MemoryIndex::new(segment.first);
        let (mut piece, mut written, mut at, mut unsaid) = (Vec::with_capacity(PIECE_BYTES), 0, 0, 0);
        for (position, is_hidden) in (segment.first..).zip(&plan.hidden) {
            let record = walk.record(at).map_err(io("reading a segment"))?;
            let record = record.map_err(|reason| SourceFault::Damaged(Position(position), reason.to_string()))?;
            let record = verified(record.bytes(), position)?;
            at += record.bytes().len() as u64;
            unsaid += record.bytes().len() as u64;
            let before = piece.len();
            if *is_hidden && !record.is_stub() {
                record::stub(&mut piece, &record);
            } else {
                piece.extend_from_slice(record.bytes());
            }
            let stream = StreamName::parse(record.stream())
                .map_err(|_| SourceFault::Damaged(Position(position), "the stream's name is none".into()))?;
            let id = (!*is_hidden).then(|| record.live_id()).flatten();
            index.push(&stream, record.revision(), id, (piece.len() - before) as u32);
            index.last_recorded_at = record.recorded_at();
            if piece.len() >= PIECE_BYTES {
                file.write_at(&piece, written).and_then(|()| file.sync()).map_err(io(doing))?;
                written += piece.len() as u64;
                unsaid += piece.len() as u64;
                piece.clear();
            }
            // Also where all that was read becomes stubs, and nearly nothing is written.
            if unsaid >= PIECE_BYTES as u64 {
                self.has_done(std::mem::take(&mut unsaid))?;
            }
        }
        file.write_at(&piece, written).and_then(|()| file.sync()).map_err(io(doing))?;
        self.has_done(unsaid + piece.len() as u64)?;
        Ok(index)
    }
}
