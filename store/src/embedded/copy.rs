//! Copying a log, record by record, into a new one: the same positions, stubs included, and the same bytes of every
//! record; only the log's id is new, because what a reader remembers of one log must not be taken for a place in another.
//!
//! The copy's header is written last. So what an interrupted copy leaves behind is no log and is not opened, and nothing
//! is ever added to what stands there: a copy begins with an empty directory. Keys are not copied. The header keeps the
//! check value of the hash key, so the copy asks for the same keys store as the log it was made of, and opens with it.

use super::disk::{Disk, DiskFile, Mode, make_dirs};
use super::engine::{LOCK_FILE, Log};
use super::fault::OpenFault;
use super::header::{self, Header};
use super::marks;
use super::memory_index::MemoryIndex;
use super::open::random_log_id;
use super::options::Options;
use super::record::RecordRef;
use super::sealer::write_index;
use super::segment::segment_name;
use domain::ids::{LogId, Position};
use domain::source::{Direction, SourceFault};
use domain::stream::StreamName;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

/// Bytes that are written at once.
const PIECE_BYTES: usize = 1 << 20;
/// Positions between two reports of progress.
const REPORT_EVERY: u64 = 10_000;

/// What was copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The copy's own id.
    pub log_id: LogId,
    /// The last position.
    pub head: Position,
    /// Events.
    pub events: u64,
    /// Stubs of events that nobody reads any more.
    pub stubs: u64,
    /// Bytes of records.
    pub bytes: u64,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyFault {
    /// Something stands in the target's directory.
    #[error("the target is not empty: it holds {0}")]
    NotEmpty(String),
    /// The log to be copied does not open.
    #[error("the log cannot be opened")]
    Open(#[from] OpenFault),
    /// The log to be copied cannot be read to its end.
    #[error("the log cannot be read")]
    Source(#[from] SourceFault),
    /// The operating system refused.
    #[error("{0} failed")]
    Io(&'static str, #[source] io::Error),
}

fn io(doing: &'static str) -> impl Fn(io::Error) -> CopyFault {
    move |error| CopyFault::Io(doing, error)
}

/// The copy as far as it has come.
struct Target<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    log_id: LogId,
    segment_bytes: u64,
    file: Arc<dyn DiskFile>,
    written: u64,
    piece: Vec<u8>,
    index: MemoryIndex,
    unit_is_complete: bool,
}

/// Copies the log in `from`, as far as it goes now, to `to`, which must be empty or missing. A server may have the log
/// meanwhile. `options` are the copy's: its disk, its segments, and the id if it is given. Tells `progress` the last
/// copied position and the head from time to time.
///
/// # Errors
/// See [`CopyFault`]. What was written until then is no log.
pub fn copy(
    from: &Path,
    source_options: &Options,
    to: &Path,
    options: &Options,
    mut progress: impl FnMut(Position, Position),
) -> Result<Copied, CopyFault> {
    let source = Log::open_read_only(from, source_options)?;
    if let Some((position, reason)) = &source.report().damage {
        return Err(SourceFault::Damaged(*position, reason.clone()).into());
    }
    let disk = &*options.disk;
    make_dirs(disk, to).map_err(io("making the target's directory"))?;
    let _lock = disk.lock(&to.join(LOCK_FILE)).map_err(io("locking the target"))?.ok_or(OpenFault::Locked)?;
    let there = disk.list(to).map_err(io("listing the target's directory"))?;
    if let Some(name) = there.into_iter().find(|name| name != LOCK_FILE) {
        return Err(CopyFault::NotEmpty(name));
    }
    let log_id = options.new_log_id.map_or_else(random_log_id, Ok)?;
    let mut target = Target::new(disk, to, log_id, options.segment_bytes)?;
    let head = source.head();
    let mut copied = Copied { log_id, head, events: 0, stubs: 0, bytes: 0 };
    let mut fault = None;
    let most = usize::try_from(head.0).unwrap_or(usize::MAX);
    source.history().scan(Position::START, Direction::Forward, most, |record| {
        copied.events += u64::from(!record.is_stub());
        copied.stubs += u64::from(record.is_stub());
        copied.bytes += record.bytes().len() as u64;
        if record.position().0.is_multiple_of(REPORT_EVERY) {
            progress(record.position(), head);
        }
        match target.put(&record) {
            Ok(()) => ControlFlow::Continue(()),
            Err(failed) => {
                fault = Some(failed);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    target.flush()?;
    // After the records: a stream that was deleted while they were read is deleted in the copy too.
    let found = marks::read(&*source_options.disk, from).map_err(io("reading the marks of streams"))?;
    if let Some(at) = found.lost_at {
        return Err(OpenFault::Marks(at).into());
    }
    if !found.entries.is_empty() {
        marks::write_new(disk, to, &found.entries).map_err(io("writing the marks of streams"))?;
    }
    disk.sync_dir(to).map_err(io("syncing the target's directory"))?;
    let key_check = source.header().key_check;
    header::write(disk, to, &Header { log_id, created: options.clock.now(), key_check })?;
    progress(head, head);
    Ok(copied)
}

impl<'a> Target<'a> {
    fn new(disk: &'a dyn Disk, dir: &'a Path, log_id: LogId, segment_bytes: u64) -> Result<Self, CopyFault> {
        let file = begin(disk, dir, 1)?;
        let (piece, index) = (Vec::with_capacity(PIECE_BYTES), MemoryIndex::new(1));
        Ok(Self { disk, dir, log_id, segment_bytes, file, written: 0, piece, index, unit_is_complete: true })
    }

    fn put(&mut self, record: &RecordRef<'_>) -> Result<(), CopyFault> {
        let length = record.bytes().len() as u64;
        // A unit stands in one segment.
        if self.unit_is_complete && self.index.end > 0 && u64::from(self.index.end) + length > self.segment_bytes {
            self.roll(record.position().0)?;
        }
        self.piece.extend_from_slice(record.bytes());
        let stream = StreamName::parse(record.stream())
            .map_err(|_| SourceFault::Damaged(record.position(), "the stream's name is none".into()))?;
        self.index.push(&stream, record.revision(), record.live_id(), length as u32);
        self.index.last_recorded_at = record.recorded_at();
        self.unit_is_complete = record.last_of_unit();
        if self.piece.len() >= PIECE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), CopyFault> {
        let written = self.file.write_at(&self.piece, self.written).and_then(|()| self.file.sync());
        written.map_err(io("writing a segment"))?;
        self.written += self.piece.len() as u64;
        self.piece.clear();
        Ok(())
    }

    /// Closes the segment and begins the next one.
    fn roll(&mut self, first: u64) -> Result<(), CopyFault> {
        self.flush()?;
        write_index(self.disk, self.dir, self.log_id, &self.index).map_err(io("writing an index"))?;
        self.index = MemoryIndex::new(first);
        self.file = begin(self.disk, self.dir, first)?;
        self.written = 0;
        Ok(())
    }
}

fn begin(disk: &dyn Disk, dir: &Path, first: u64) -> Result<Arc<dyn DiskFile>, CopyFault> {
    disk.open(&dir.join(segment_name(first)), Mode::Create).map_err(io("making a segment"))
}
