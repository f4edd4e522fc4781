//! Threads that build read models give way to those that answer: where processors are few, a batch of theirs would hold up
//! every answer for tens of milliseconds.
//!
//! Tasks that decode events and open their words for read models have a runtime of their own. Threads that the libraries
//! start are found by their names. Linux keeps a priority for each thread; elsewhere, and where it is not permitted, they
//! stay as they are.

use rustix::process::{Pid, setpriority_process};
use std::io;
use tokio::runtime::{Builder, Handle, Runtime};

/// How the names of the threads begin: SQLite's writers, and those of the search index.
const THREADS: &[&str] = &["apply-", "merge_thread", "thrd-tantivy"];
/// As `nice` has it: next to a thread that answers they get a tenth of a processor, and all of one that is free.
const NICENESS: i32 = 10;

/// The runtime of tasks that give way. Dropped, it ends them where they are and waits for none.
pub struct Background {
    runtime: Option<Runtime>,
    handle: Handle,
}

impl Background {
    /// Starts its threads.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn start() -> io::Result<Self> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(threads)
            .thread_name("read-models")
            .on_thread_start(|| give_way_as(None, "read-models"))
            .enable_all()
            .build()?;
        Ok(Self { handle: runtime.handle().clone(), runtime: Some(runtime) })
    }

    /// Where to spawn what gives way.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes the threads give way that are there now.
pub(crate) fn give_way() {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
    for thread in threads.flatten() {
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if !THREADS.iter().any(|begin| name.starts_with(begin)) {
            continue;
        }
        let number = thread.file_name().to_str().and_then(|number| number.parse().ok()).and_then(Pid::from_raw);
        if number.is_some() {
            give_way_as(number, name.trim_end());
        }
    }
}

/// Makes one thread give way; the one that calls, if none is named. Elsewhere than on Linux that would be the whole process.
fn give_way_as(number: Option<Pid>, name: &str) {
    if cfg!(target_os = "linux")
        && let Err(error) = setpriority_process(number, NICENESS)
    {
        tracing::debug!(%error, thread = name, "a thread in the background keeps its priority");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;
    use rustix::thread::gettid;
    use std::sync::mpsc::sync_channel;
    use tokio_util::task::TaskTracker;

    /// The priority of a thread of this name, before and after.
    fn of_a_thread(name: &str) -> (i32, i32) {
        let ((told, tells), (ends, end)) = (sync_channel(1), sync_channel::<()>(1));
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            told.send(gettid()).unwrap();
            end.recv().ok();
        });
        let (thread, number) = (thread.unwrap(), tells.recv().unwrap());
        let before = getpriority_process(Some(number)).unwrap();
        give_way();
        let after = getpriority_process(Some(number)).unwrap();
        drop(ends);
        thread.join().unwrap();
        (before, after)
    }

    #[test]
    fn whoever_builds_read_models_gives_way_and_nobody_else() {
        let (before, after) = of_a_thread("apply-messaging");
        assert_eq!(after, before.max(NICENESS));
        let (before, after) = of_a_thread("tokio-rt-worker");
        assert_eq!(after, before);
    }

    #[tokio::test]
    async fn what_is_spawned_in_the_background_gives_way_with_all_that_it_spawns() {
        let own = || getpriority_process(Some(gettid())).unwrap();
        let before = own();
        let background = Background::start().unwrap();
        let tracker = TaskTracker::new();
        let spawning = tracker.clone();
        let all = async move {
            let blocking = tokio::task::spawn_blocking(own).await.unwrap();
            (own(), blocking, spawning.spawn(async move { own() }).await.unwrap())
        };
        let task = tracker.spawn_on(all, background.handle());
        assert_eq!(task.await.unwrap(), (NICENESS, NICENESS, NICENESS));
        assert_eq!(tracker.spawn(async move { own() }).await.unwrap(), before);
    }
}
