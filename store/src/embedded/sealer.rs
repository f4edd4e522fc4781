//! Writing the index files of closed segments, on a thread of its own.

use super::closed::Closed;
use super::disk::{Disk, replace};
use super::history::History;
use super::mapped_index::{MappedIndex, build};
use super::memory_index::MemoryIndex;
use super::segment::{index_name, segment_name};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Closed segments whose index is still in memory, at most, beside the one being written: the writer waits beyond it.
const WAITING: usize = 2;

/// The writer's side.
pub struct Sealer {
    queue: Option<SyncSender<Arc<MemoryIndex>>>,
    thread: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts the thread.
    pub fn start(disk: Arc<dyn Disk>, dir: PathBuf, history: Arc<History>) -> io::Result<Self> {
        let (queue, waiting) = sync_channel::<Arc<MemoryIndex>>(WAITING);
        let run = move || {
            while let Ok(index) = waiting.recv() {
                match seal(&*disk, &dir, &history, &index) {
                    Ok(closed) => swap(&history, closed),
                    // Its index stays in memory; the file is written when the log is opened again.
                    Err(error) => tracing::warn!(segment = index.first, %error, "an index file was not written"),
                }
            }
        };
        let thread = std::thread::Builder::new().name("log-sealer".into()).spawn(run)?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Has the index file of a closed segment written; waits if too many wait already.
    pub fn seal(&self, index: Arc<MemoryIndex>) {
        if let Some(queue) = &self.queue
            && queue.send(index).is_err()
        {
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

fn swap(history: &History, closed: Closed) {
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
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; there is nothing left to tidy.
            drop(thread.join());
        }
    }
}
