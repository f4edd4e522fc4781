//! Zeroing ahead of the writer, on another thread: overwriting durable zeros costs a flush and no journal commit.
//!
//! The thread first zeroes the open segment to its capacity, then, once half of a segment is used, the next one, which
//! waits under the spare's name. The writer waits only if it overtakes. Zeroing grows the file, and a sync of a growing
//! file is slow, also the writer's: so the first segment of a new log is small, and the second is zeroed at once.

use super::disk::{Disk, DiskFile, Mode};
use super::segment::SPARE;
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Bytes that are zeroed and synced at once. More would hold up the writer's own syncs on the same device.
pub const CHUNK_BYTES: u64 = 1 << 20;
/// Bytes of a new log's first segment.
const FIRST_SEGMENT_BYTES: u64 = 8 << 20;

/// How much of an open segment is used, in bytes, when `zeroed` of it were zeroed before the log was opened.
pub fn capacity(zeroed: u64, segment_bytes: u64) -> u64 {
    zeroed.max(FIRST_SEGMENT_BYTES).min(segment_bytes)
}

struct Plan {
    open: Arc<dyn DiskFile>,
    zeroed: u64,
    target: u64,
    spare: Option<(Arc<dyn DiskFile>, u64)>,
    spare_wanted: bool,
    fault: Option<io::Error>,
    /// Whether a piece of work is being done.
    working: bool,
    stop: bool,
}

/// Does the zeroing: on the thread, or where a simulation asks for a step.
pub struct Worker {
    plan: Mutex<Plan>,
    changed: Condvar,
    /// How far the open segment is zeroed, for the writer to look at without the lock.
    zeroed: AtomicU64,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
}

/// The writer's side.
pub struct Ahead {
    shared: Arc<Worker>,
    /// Without it, whoever waits does the work.
    thread: Option<JoinHandle<()>>,
}

enum Work {
    Zero { file: Arc<dyn DiskFile>, from: u64, to: u64 },
    MakeSpare,
}

impl Plan {
    fn next(&self, segment_bytes: u64) -> Option<Work> {
        if self.fault.is_some() || self.working {
            return None;
        }
        if self.zeroed < self.target {
            let to = (self.zeroed + CHUNK_BYTES).min(self.target);
            return Some(Work::Zero { file: Arc::clone(&self.open), from: self.zeroed, to });
        }
        match &self.spare {
            _ if !self.spare_wanted => None,
            None => Some(Work::MakeSpare),
            Some((_, zeroed)) if *zeroed >= segment_bytes => None,
            Some((file, zeroed)) => {
                let to = (zeroed + CHUNK_BYTES).min(segment_bytes);
                Some(Work::Zero { file: Arc::clone(file), from: *zeroed, to })
            }
        }
    }
}

impl Worker {
    fn run(&self) {
        let mut plan = self.plan.lock();
        while !plan.stop {
            if !self.work_off_one(&mut plan) {
                self.changed.wait(&mut plan);
            }
        }
    }

    /// Does the next piece of work, if there is one.
    pub fn step(&self) -> bool {
        self.work_off_one(&mut self.plan.lock())
    }

    /// How far the open segment is zeroed, in bytes.
    pub fn zeroed_bytes(&self) -> u64 {
        self.zeroed.load(Ordering::Acquire)
    }

    fn work_off_one(&self, plan: &mut MutexGuard<'_, Plan>) -> bool {
        let Some(work) = plan.next(self.segment_bytes) else { return false };
        plan.working = true;
        let done = MutexGuard::unlocked(plan, || self.work(&work));
        plan.working = false;
        match (done, work) {
            (Err(error), _) => plan.fault = Some(error),
            (Ok(Some(file)), _) => plan.spare = Some((file, 0)),
            (Ok(None), Work::Zero { to, file, .. }) => self.zeroed(plan, &file, to),
            (Ok(None), Work::MakeSpare) => {}
        }
        self.changed.notify_all();
        true
    }

    /// The file may be the spare, or the open segment although it was the spare when the work began, or left behind.
    fn zeroed(&self, plan: &mut Plan, file: &Arc<dyn DiskFile>, to: u64) {
        if Arc::ptr_eq(&plan.open, file) {
            self.advance_open(plan, to);
        } else if let Some((spare, zeroed)) = &mut plan.spare
            && Arc::ptr_eq(spare, file)
        {
            *zeroed = to;
        }
    }

    fn advance_open(&self, plan: &mut Plan, to: u64) {
        plan.zeroed = to;
        self.zeroed.store(to, Ordering::Release);
    }

    fn work(&self, work: &Work) -> io::Result<Option<Arc<dyn DiskFile>>> {
        match work {
            Work::Zero { file, from, to, .. } => super::recovery::zero(&**file, *from, *to).map(|()| None),
            Work::MakeSpare => self.disk.open(&self.dir.join(SPARE), Mode::Create).map(Some),
        }
    }
}

impl Ahead {
    /// `zeroed` says how much of the open segment is zeroed or written already, in bytes; see [`capacity`].
    pub fn new(disk: Arc<dyn Disk>, dir: PathBuf, segment_bytes: u64, open: Arc<dyn DiskFile>, zeroed: u64) -> Self {
        let target = capacity(zeroed, segment_bytes);
        let spare_wanted = target < segment_bytes;
        let plan = Plan { open, zeroed, target, spare: None, spare_wanted, fault: None, working: false, stop: false };
        let shared = Arc::new(Worker {
            plan: Mutex::new(plan),
            changed: Condvar::new(),
            zeroed: AtomicU64::new(zeroed),
            disk,
            dir,
            segment_bytes,
        });
        Self { shared, thread: None }
    }

    /// Starts the thread.
    pub fn start(&mut self) -> io::Result<()> {
        let worker = self.worker();
        self.thread = Some(std::thread::Builder::new().name("log-ahead".into()).spawn(move || worker.run())?);
        Ok(())
    }

    /// What the thread runs.
    pub fn worker(&self) -> Arc<Worker> {
        Arc::clone(&self.shared)
    }

    /// Returns once the open segment is zeroed up to `end`, in bytes. Gives the error of zeroing if that failed again.
    pub fn reserve(&self, end: u64) -> io::Result<()> {
        if self.shared.zeroed_bytes() >= end {
            return Ok(());
        }
        let mut plan = self.shared.plan.lock();
        plan.target = plan.target.max(end);
        self.wait(&mut plan, |plan| plan.zeroed >= end)
    }

    /// Waits for a state, after having the thread try again what failed before.
    fn wait(&self, plan: &mut MutexGuard<'_, Plan>, reached: impl Fn(&Plan) -> bool) -> io::Result<()> {
        plan.fault = None;
        self.shared.changed.notify_all();
        while !reached(plan) {
            if let Some(error) = plan.fault.take() {
                plan.fault = Some(io::Error::from(error.kind()));
                return Err(error);
            }
            if self.thread.is_some() {
                self.shared.changed.wait(plan);
            } else if !self.shared.work_off_one(plan) {
                return Err(io::Error::other("nothing is left to be zeroed"));
            }
        }
        Ok(())
    }

    /// Tells how much of the open segment is used, in bytes: from half on the next segment is made ready.
    pub fn used(&self, end: u64) {
        if end >= self.shared.segment_bytes / 2 {
            let mut plan = self.shared.plan.lock();
            if !plan.spare_wanted {
                plan.spare_wanted = true;
                self.shared.changed.notify_all();
            }
        }
    }

    /// Returns once the next segment's file is there, at least its first chunk zeroed, still under the spare's name; it is
    /// the open one from now on. The writer opens it for itself.
    pub fn take_spare(&self) -> io::Result<()> {
        let first_chunk = CHUNK_BYTES.min(self.shared.segment_bytes);
        let mut plan = self.shared.plan.lock();
        // The rest of the segment that is left behind needs no zeros any more.
        plan.target = plan.zeroed;
        plan.spare_wanted = true;
        let waited = self.wait(&mut plan, |plan| plan.spare.as_ref().is_some_and(|(_, zeroed)| *zeroed >= first_chunk));
        plan.target = self.shared.segment_bytes.max(plan.zeroed);
        waited?;
        let Some((file, zeroed)) = plan.spare.take() else { return Err(io::ErrorKind::NotFound.into()) };
        plan.open = file;
        plan.target = self.shared.segment_bytes;
        plan.spare_wanted = false;
        self.shared.advance_open(&mut plan, zeroed);
        self.shared.changed.notify_all();
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.shared.plan.lock().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed when it happened; there is nothing left to tidy.
            drop(thread.join());
        }
    }
}
