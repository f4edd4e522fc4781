//! Threads that build read models give way to those that answer: where processors are few, a batch of theirs would hold up
//! every answer for tens of milliseconds.
//!
//! The libraries start these threads, so they are found by their names. Linux keeps a priority for each thread; elsewhere, and
//! where it is not permitted, they stay as they are.

use rustix::process::{Pid, setpriority_process};

/// How the names of the threads begin: SQLite's writers, and those of the search index.
const THREADS: &[&str] = &["apply-", "merge_thread", "thrd-tantivy"];
/// As `nice` has it: next to a thread that answers they get a tenth of a processor, and all of one that is free.
const NICENESS: i32 = 10;

/// Makes the threads give way that are there now.
pub(crate) fn give_way() {
    let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return };
    for thread in threads.flatten() {
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if !THREADS.iter().any(|begin| name.starts_with(begin)) {
            continue;
        }
        let number = thread.file_name().to_str().and_then(|number| number.parse().ok()).and_then(Pid::from_raw);
        if let Some(number) = number
            && let Err(error) = setpriority_process(Some(number), NICENESS)
        {
            tracing::debug!(%error, thread = name.trim_end(), "a thread in the background keeps its priority");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;
    use rustix::thread::gettid;
    use std::sync::mpsc::sync_channel;

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
}
