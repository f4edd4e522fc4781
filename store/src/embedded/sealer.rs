//! Writing the index files of closed segments, on a thread of its own.

use super::closed::Closed;
use super::disk::{Disk, replace};
use super::history::History;
use super::mapped_index::{MappedIndex, build};
use super::memory_index::MemoryIndex;
use super::segment::{index_name, segment_name};
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Closed segments whose index is still in memory, at most, beside the one being written: the writer waits beyond it.
const WAITING: usize = 2;

/// The writer's side.
pub struct Sealer {
    queue: Option<SyncSender<Arc<MemoryIndex>>>,
    worker: Arc<Worker>,
    /// Without it, whoever waits does the work.
    thread: Option<JoinHandle<()>>,
}

/// Does the sealing: on the thread, or where a simulation asks for a step.
pub struct Worker {
    waiting: Mutex<Receiver<Arc<MemoryIndex>>>,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    history: Arc<History>,
}

impl Worker {
    fn run(&self) {
        let waiting = self.waiting.lock();
        while let Ok(index) = waiting.recv() {
            self.seal(&index);
        }
    }

    /// Seals one segment, if one waits.
    pub fn step(&self) -> bool {
        let index = self.waiting.lock().try_recv();
        index.is_ok_and(|index| {
            self.seal(&index);
            true
        })
    }

    fn seal(&self, index: &MemoryIndex) {
        match seal(&*self.disk, &self.dir, &self.history, index) {
            Ok(closed) => swap(&self.history, closed),
            // Its index stays in memory; the file is written when the log is opened again.
            Err(error) => tracing::warn!(segment = index.first, %error, "an index file was not written"),
        }
    }
}

impl Sealer {
    /// Of the log in `dir`.
    pub fn new(disk: Arc<dyn Disk>, dir: PathBuf, history: Arc<History>) -> Self {
        let (queue, waiting) = sync_channel(WAITING);
        let worker = Arc::new(Worker { waiting: Mutex::new(waiting), disk, dir, history });
        Self { queue: Some(queue), worker, thread: None }
    }

    /// Starts the thread.
    pub fn start(&mut self) -> io::Result<()> {
        let worker = self.worker();
        self.thread = Some(std::thread::Builder::new().name("log-sealer".into()).spawn(move || worker.run())?);
        Ok(())
    }

    /// What the thread runs.
    pub fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.worker)
    }

    /// Has the index file of a closed segment written; waits if too many wait already.
    pub fn seal(&self, mut index: Arc<MemoryIndex>) {
        let Some(queue) = &self.queue else { return };
        if self.thread.is_none() {
            index = match queue.try_send(index) {
                Ok(()) => return,
                Err(TrySendError::Full(index) | TrySendError::Disconnected(index)) => index,
            };
            self.worker.step();
        }
        if queue.send(index).is_err() {
            tracing::warn!("the thread that writes index files is gone");
        }
    }
}

fn seal(disk: &dyn Disk, dir: &Path, history: &History, index: &MemoryIndex) -> io::Result<Closed> {
    // What was zeroed ahead and not used is given back.
    let file = disk.open(&dir.join(segment_name(index.first)), super::disk::Mode::Write)?;
    if file.size()? > u64::from(index.end) {
        file.set_len(u64::from(index.end))?;
        file.sync()?;
    }
    write_index(disk, dir, history.log_id, index).map(Closed::from_mapped)
}

/// Writes a segment's index file and maps it.
pub fn write_index(
    disk: &dyn Disk,
    dir: &Path,
    log_id: domain::ids::LogId,
    index: &MemoryIndex,
) -> io::Result<MappedIndex> {
    let name = index_name(index.first);
    replace(disk, dir, &name, &build(index, log_id))?;
    MappedIndex::open(disk.map(&dir.join(name))?, log_id, index.first)
        .map_err(|_| io::Error::other("the index file does not read back"))
}

/// Puts another index, and with it perhaps another file, in the place of a closed segment.
pub fn swap(history: &History, closed: Closed) {
    let mut state = history.state.write();
    let mut all = Vec::clone(&state.closed);
    if let Some(place) = all.iter_mut().find(|segment| segment.first == closed.first) {
        *place = Arc::new(closed);
    }
    state.closed = Arc::new(all);
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.is_none() {
            while self.worker.step() {}
        }
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; there is nothing left to tidy.
            drop(thread.join());
        }
    }
}
