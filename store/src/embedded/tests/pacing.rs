//! Giving back space in the background never stands in the way of an append: it does little at once, waits in between for as
//! long as that may take, and holds nothing while it waits.

use super::*;
use crate::embedded::disk::{Disk, DiskFile, Mapped, Mode, RealDisk};
use crate::embedded::keeper::RECLAIM_BYTES_PER_S;
use crate::embedded::reclaim::{PIECE_BYTES, ReclaimFault};
use domain::ids::StoryId;
use std::any::Any;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one step may read and write at most: a piece that was read, one that is written, and a last record.
const STEP_MAX_BYTES: u64 = 2 * PIECE_BYTES as u64 + (64 << 10);

thread_local! {
    /// Whether this thread gives back space: what others do at the same time is not counted.
    static IS_COUNTED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// The real disk, with its bytes counted.
#[derive(Clone, Default)]
struct Meter(Arc<AtomicU64>);

impl Meter {
    fn count(&self, bytes: usize) {
        if IS_COUNTED.get() {
            self.0.fetch_add(bytes as u64, Ordering::SeqCst);
        }
    }
}

struct Metered(Arc<dyn DiskFile>, Meter);

impl DiskFile for Metered {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.1.count(buffer.len());
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.1.count(bytes.len());
        self.0.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

impl Disk for Meter {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.make_dir(dir)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(dir)
    }

    fn open(&self, path: &Path, mode: Mode) -> io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(Metered(RealDisk.open(path, mode)?, self.clone())))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        RealDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealDisk.sync_dir(dir)
    }

    fn map(&self, path: &Path) -> io::Result<Mapped> {
        RealDisk.map(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Any + Send>>> {
        RealDisk.lock(path)
    }
}

fn large(to: &StreamName, ids: std::ops::Range<u128>) -> RawUnit {
    let payload = Bytes::from(vec![7; 16 << 10]);
    let events = ids.map(|n| RawEvent { payload: payload.clone(), ..event(n) }).collect();
    RawUnit { writes: vec![RawWrite { stream: to.clone(), expected: Expected::Any, events }], checks: Vec::new() }
}

/// A log of several segments of 4 MiB in which of each `kept` of 200 events are read.
async fn log_of(directory: &Path, meter: &Meter, place: &Place, kept: u128) -> Log {
    let options = Options { segment_bytes: 4 << 20, disk: Arc::new(meter.clone()), ..place.options() };
    let log = Log::open(directory, options.clone()).unwrap();
    let read = StreamName::story(StoryId::new(Uuid::from_u128(1)));
    for part in 0..5_u128 {
        let first = 1 + part * 200;
        commit(&log, large(&stream(1), first..first + kept)).await;
        for from in (first + kept..first + 200).step_by(40) {
            commit(&log, large(&read, from..(from + 40).min(first + 200))).await;
        }
    }
    log.hide(read, crate::embedded::marks::Hidden::Deleted).await.unwrap();
    place.clock.moves_by_seconds(49 * 3600);
    commit(&log, unit(stream(2), Expected::Any, [9_999])).await;
    log.close().await;
    drop(log);
    Log::open(directory, options).unwrap()
}

async fn gives_back_in_small_steps(kept: u128) {
    let (directory, meter, place) = (tempfile::tempdir().unwrap(), Meter::default(), Place::new());
    let log = Arc::new(log_of(directory.path(), &meter, &place, kept).await);
    let (worker, runtime) = (Arc::clone(log.keeper().unwrap()), tokio::runtime::Handle::current());
    let appending = Arc::clone(&log);
    let given_back = tokio::task::spawn_blocking(move || {
        let (steps, waited) = (Mutex::new(Vec::new()), Mutex::new(Duration::ZERO));
        IS_COUNTED.set(true);
        let reclaimed = worker.reclaim_slowly(|time| {
            IS_COUNTED.set(false);
            let mut steps = steps.lock();
            steps.push(meter.0.swap(0, Ordering::SeqCst));
            *waited.lock() += time;
            // While it waits an append is taken as ever: nothing that an append needs is held.
            let append = commit(&appending, unit(stream(2), Expected::Any, [10_000 + steps.len() as u128]));
            runtime.block_on(tokio::time::timeout(Duration::from_secs(20), append)).expect("an append goes on");
            IS_COUNTED.set(true);
            false
        });
        (reclaimed.unwrap(), steps.into_inner(), waited.into_inner(), meter.0.load(Ordering::SeqCst))
    });
    let (reclaimed, steps, waited, rest) = given_back.await.unwrap();
    assert!(reclaimed.segments >= 3 && reclaimed.events > 500, "{reclaimed:?}");
    let all: u64 = steps.iter().sum();
    assert!(all > 12 << 20, "{all} bytes were read and written");
    let most = steps.iter().copied().fold(rest, u64::max);
    assert!(most <= STEP_MAX_BYTES, "{most} bytes at once; {steps:?}");
    // Indexes are read in memory and written once, a few hundred bytes for a hundred events.
    let least = all as f64 * 0.9 / RECLAIM_BYTES_PER_S;
    assert!(waited.as_secs_f64() >= least, "{all} bytes, and a wait of {waited:?}");
    let longest = STEP_MAX_BYTES as f64 / RECLAIM_BYTES_PER_S;
    assert!(waited.as_secs_f64() <= longest * steps.len() as f64, "{waited:?} in {} steps", steps.len());
    log.history().verify(|_, _| {}).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_in_the_background_reads_and_writes_little_at_once_and_holds_up_no_append() {
    gives_back_in_small_steps(60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_does_so_too_where_nearly_everything_becomes_stubs() {
    gives_back_in_small_steps(2).await;
}

#[tokio::test]
async fn whoever_stops_it_waits_for_one_step_only() {
    let (directory, meter, place) = (tempfile::tempdir().unwrap(), Meter::default(), Place::new());
    let log = log_of(directory.path(), &meter, &place, 2).await;
    let steps = AtomicU64::new(0);
    let stopped = log.keeper().unwrap().reclaim_slowly(|_| steps.fetch_add(1, Ordering::SeqCst) == 3);
    assert!(matches!(stopped, Err(ReclaimFault::Stopped)), "{stopped:?}");
    assert_eq!(steps.load(Ordering::SeqCst), 4);
    let left =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(left.filter(|name| name.ends_with(".new")).count(), 0, "what was half written is gone");
    log.history().verify(|_, _| {}).unwrap();
}
