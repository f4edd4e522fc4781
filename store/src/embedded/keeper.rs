//! What is done beside the writer, on a thread of its own and without haste: filters over many closed segments, and
//! giving back the bytes of what nobody reads any more.

use super::disk::Disk;
use super::history::History;
use super::merged::{Group, load_or_build};
use super::reclaim::{Reclaim, ReclaimFault, Reclaimed};
use parking_lot::{Condvar, Mutex};
use rustc_hash::FxHashSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often it looks whether a filter is missing.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long after the start it first looks what can be given back, and how long after each time.
const FIRST_RECLAIM_AFTER: Duration = Duration::from_secs(5 * 60);
const RECLAIM_EVERY: Duration = Duration::from_secs(6 * 60 * 60);
/// Bytes a second that reclaiming reads and writes, so that it never stands in the way of an append.
pub const RECLAIM_BYTES_PER_S: f64 = (8 << 20) as f64;

/// The writer's side.
pub struct Keeper {
    worker: Arc<Worker>,
    thread: Option<JoinHandle<()>>,
}

/// Does the work: on the thread, or where somebody asks for it.
pub struct Worker {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    history: Arc<History>,
    /// Groups whose filters could not be written; tried again when the log is opened again.
    given_up: Mutex<FxHashSet<Group>>,
    /// One reclaims at a time.
    reclaiming: Mutex<()>,
    stop: Mutex<bool>,
    stopped: Condvar,
}

impl Keeper {
    /// Of the log in `dir`.
    pub fn new(disk: Arc<dyn Disk>, dir: PathBuf, history: Arc<History>) -> Self {
        let worker = Worker {
            disk,
            dir,
            history,
            given_up: Mutex::default(),
            reclaiming: Mutex::default(),
            stop: Mutex::default(),
            stopped: Condvar::new(),
        };
        Self { worker: Arc::new(worker), thread: None }
    }

    /// Starts the thread.
    pub fn start(&mut self) -> io::Result<()> {
        let worker = self.worker();
        self.thread = Some(std::thread::Builder::new().name("log-keeper".into()).spawn(move || worker.run())?);
        Ok(())
    }

    /// What the thread runs.
    pub fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.worker)
    }
}

impl Worker {
    fn run(&self) {
        let mut reclaim_at = Instant::now() + FIRST_RECLAIM_AFTER;
        loop {
            while !*self.stop.lock() && self.step() {}
            if Instant::now() >= reclaim_at {
                match self.reclaim_slowly(|time| self.waits(time)) {
                    Ok(_) => {}
                    Err(ReclaimFault::Stopped) => return,
                    Err(fault) => tracing::warn!(%fault, "what nobody reads was not given back; tried again later"),
                }
                reclaim_at = Instant::now() + RECLAIM_EVERY;
            }
            if self.waits(LOOK_EVERY) {
                return;
            }
        }
    }

    /// Whether it was told to stop within that time.
    fn waits(&self, time: Duration) -> bool {
        let mut stop = self.stop.lock();
        if !*stop {
            self.stopped.wait_for(&mut stop, time);
        }
        *stop
    }

    /// As the thread does: after every piece it waits for as long as the piece may take at this rate. `waits` says whether it
    /// was told to stop meanwhile.
    pub fn reclaim_slowly(&self, waits: impl Fn(Duration) -> bool) -> Result<Reclaimed, ReclaimFault> {
        self.reclaim(false, |bytes| !waits(Duration::from_secs_f64(bytes as f64 / RECLAIM_BYTES_PER_S)))
    }

    /// Loads or builds one missing filter, if there is one.
    pub fn step(&self) -> bool {
        let (closed, merged) = {
            let state = self.history.state.read();
            (Arc::clone(&state.closed), Arc::clone(&state.merged))
        };
        let (mut given_up, mut unready) = (self.given_up.lock(), Vec::new());
        while let Some(group) =
            merged.missing(closed.len(), |group| given_up.contains(&group) || unready.contains(&group))
        {
            match load_or_build(&*self.disk, &self.dir, self.history.log_id, &closed, group) {
                Ok(Some(node)) => {
                    let mut state = self.history.state.write();
                    state.merged = Arc::new(state.merged.with(group, node));
                    return true;
                }
                // An index is not written yet, or is damaged: without the filter its segments are asked one by one.
                Ok(None) => unready.push(group),
                Err(error) => {
                    tracing::warn!(%error, "a filter over segments of the log was not written");
                    given_up.insert(group);
                }
            }
        }
        false
    }

    /// Gives back what nobody reads any more; with `everything` also where it is only a small part of a segment. `go_on`
    /// is told how many bytes were read or written and says whether to go on.
    pub fn reclaim(&self, everything: bool, go_on: impl Fn(u64) -> bool) -> Result<Reclaimed, ReclaimFault> {
        let _alone = self.reclaiming.lock();
        let go_on = |bytes| go_on(bytes) && !*self.stop.lock();
        Reclaim { disk: &*self.disk, dir: &self.dir, history: &self.history, go_on: &go_on }.run(everything)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        *self.worker.stop.lock() = true;
        self.worker.stopped.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; there is nothing left to tidy.
            drop(thread.join());
        }
        // The directory's lock goes next: whoever reclaims on a thread of their own ends first.
        drop(self.worker.reclaiming.lock());
    }
}
