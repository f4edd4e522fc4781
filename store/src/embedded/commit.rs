//! Making a batch durable and then visible: one write, one sync, then the index and the head.

use super::ahead::Ahead;
use super::closed::Closed;
use super::disk::{Disk, DiskFile, Mode};
use super::head::{End, Head};
use super::history::History;
use super::judge::Batch;
use super::keeper::Keeper;
use super::marks::{Hidden, MarksFile};
use super::memory_index::MemoryIndex;
use super::recovery::zero;
use super::sealer::Sealer;
use super::segment::{SPARE, segment_name};
use commands::log::LogFault;
use domain::ids::Position;
use domain::stream::StreamName;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// The writer's hands.
pub struct Commit {
    /// What was durable so far.
    pub history: Arc<History>,
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The log's directory.
    pub dir: PathBuf,
    /// Bytes of a segment.
    pub segment_bytes: u64,
    /// Bytes of the open segment that are used before the next one begins.
    pub capacity: u64,
    /// The open segment's file.
    pub file: Arc<dyn DiskFile>,
    /// Where the next record goes in it, in bytes.
    pub end: u64,
    /// Why the log takes nothing more.
    pub failed: Option<String>,
    /// Zeroes ahead.
    pub ahead: Ahead,
    /// Writes index files.
    pub sealer: Sealer,
    /// Builds filters and gives bytes back.
    pub keeper: Keeper,
    /// Where truncations and tombstones are written.
    pub marks: MarksFile,
    /// Tells everybody where the head is.
    pub head: watch::Sender<Head>,
    /// A fault that is built in, for crash tests.
    #[cfg(feature = "mutants")]
    pub mutant: Option<super::options::Mutant>,
}

impl Commit {
    /// Writes a batch and syncs it once. After [`LogFault::Full`] nothing of it is left in the file; after any other fault
    /// the log takes nothing more.
    pub fn write(&mut self, batch: &Batch) -> Result<(), LogFault> {
        if let Some(reason) = &self.failed {
            return Err(LogFault::Failed(reason.clone()));
        }
        if batch.events.is_empty() {
            return Ok(());
        }
        self.make_room(batch.bytes.len() as u64)?;
        let (start, end) = (Instant::now(), self.end + batch.bytes.len() as u64);
        if let Err(error) = self.file.write_at(&batch.bytes, self.end) {
            return Err(self.take_back(end, error));
        }
        if let Err(error) = self.sync() {
            // Whatever the reason: what a failed sync left on the disk is not known.
            return Err(self.fail("syncing a batch", &error));
        }
        metrics::histogram!("log_sync_seconds").record(start.elapsed().as_secs_f64());
        self.end = end;
        self.ahead.used(end);
        Ok(())
    }

    /// After a failed write: complete units of the batch may stand in the file already, and recovery would take them for
    /// committed. "The disk is full" is the answer only once zeros stand there durably; they take no space that the
    /// file does not have already.
    fn take_back(&mut self, end: u64, error: io::Error) -> LogFault {
        let fault = self.fault("writing a batch", error);
        if self.failed.is_some() {
            return fault;
        }
        let to = self.file.size().map_or(end, |size| size.min(end));
        match zero(&*self.file, self.end, to) {
            Ok(()) => fault,
            Err(error) => self.fail("zeroing after a failed write", &error),
        }
    }

    fn sync_dir(&self) -> io::Result<()> {
        #[cfg(feature = "mutants")]
        if self.mutant == Some(super::options::Mutant::NoDirectorySync) {
            return Ok(());
        }
        self.disk.sync_dir(&self.dir)
    }

    #[cfg(not(feature = "mutants"))]
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    #[cfg(feature = "mutants")]
    fn sync(&self) -> io::Result<()> {
        if self.mutant == Some(super::options::Mutant::NoSync) { Ok(()) } else { self.file.sync() }
    }

    /// Sees to it that the next `bytes` of the open segment are zeros that are durable.
    fn make_room(&mut self, bytes: u64) -> Result<(), LogFault> {
        if self.end > 0 && self.end + bytes > self.capacity {
            self.roll()?;
        }
        self.ahead.reserve(self.end + bytes).map_err(|error| self.fault("zeroing ahead", error))
    }

    /// Closes the open segment and begins the next one.
    fn roll(&mut self) -> Result<(), LogFault> {
        self.ahead.take_spare().map_err(|error| self.fault("making a segment", error))?;
        let first = self.history.head().0 + 1;
        let path = self.dir.join(segment_name(first));
        let next = self
            .disk
            .rename(&self.dir.join(SPARE), &path)
            .and_then(|()| self.sync_dir())
            .and_then(|()| self.disk.open(&path, Mode::Write))
            .map_err(|error| self.fail("beginning a segment", &error))?;
        let closed = {
            let mut state = self.history.state.write();
            let mut open = MemoryIndex::like(first, &state.open);
            open.last_recorded_at = state.open.last_recorded_at;
            let closed = Arc::new(std::mem::replace(&mut state.open, open));
            let mut all = Vec::clone(&state.closed);
            all.push(Arc::new(Closed::from_memory(Arc::clone(&closed))));
            state.closed = Arc::new(all);
            state.file = Arc::clone(&next);
            closed
        };
        self.file = next;
        self.end = 0;
        self.capacity = self.segment_bytes;
        self.sealer.seal(closed);
        Ok(())
    }

    /// Makes the events of a durable batch readable, and moves the head with them: whoever learns of one of them finds the head
    /// at it or after it.
    pub fn publish(&self, batch: &Batch) {
        if batch.events.is_empty() {
            return;
        }
        let mut state = self.history.state.write();
        for event in &batch.events {
            state.open.push(&event.stream, event.revision, Some(event.id), event.length);
        }
        state.open.last_recorded_at = batch.recorded_at;
        self.history.set_head(Position(state.open.first + u64::from(state.open.count()) - 1));
        drop(state);
        metrics::histogram!("log_append_batch_size").record(batch.events.len() as f64);
        metrics::counter!("log_append_events_total").increment(batch.events.len() as u64);
    }

    /// Wakes whoever follows the head, once it is told what was published.
    pub fn tell_head(&self) {
        let position = self.history.head();
        self.head.send_if_modified(|head| std::mem::replace(&mut head.position, position) < position);
    }

    /// Hides events of streams, durably and with one sync. Nothing comes back.
    pub fn mark(&mut self, marks: &[(StreamName, Hidden)]) -> Result<(), LogFault> {
        if let Some(reason) = &self.failed {
            return Err(LogFault::Failed(reason.clone()));
        }
        let known = &self.history.marks;
        let new: Vec<_> = marks.iter().filter(|(stream, hidden)| !known.covers(stream, *hidden)).cloned().collect();
        if new.is_empty() {
            return Ok(());
        }
        self.marks.append(&new).map_err(|error| self.fault("marking streams", error))?;
        new.iter().for_each(|(stream, hidden)| self.history.marks.publish(stream, *hidden));
        Ok(())
    }

    /// A full disk passes; everything else ends the log's taking.
    fn fault(&mut self, doing: &str, error: io::Error) -> LogFault {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => LogFault::Full,
            _ => self.fail(doing, &error),
        }
    }

    fn fail(&mut self, doing: &str, error: &io::Error) -> LogFault {
        let reason = format!("{doing} failed: {error}");
        tracing::error!(reason, "the log takes nothing more until it is opened again");
        self.failed = Some(reason.clone());
        self.head.send_modify(|head| head.end = Some(End::Failed));
        LogFault::Failed(reason)
    }
}
