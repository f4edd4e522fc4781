//! How threads share the processors. Those that answer ask for short slices: on two processors that are busy a message waits
//! at each of six threads for whoever has the processor, and Linux lets a thread with a shorter slice have it at once
//! (since 6.12; older kernels take no notice). Nobody gets more of the processor by it, and it needs no right.

use std::time::Duration;

/// How long a thread that answers runs before its turn is over, if others wait.
#[cfg(target_os = "linux")]
const SLICE: Duration = Duration::from_micros(300);

/// Asks for short slices for the thread that calls; threads that it starts have usual ones.
pub fn answer_in_short_slices() {
    #[cfg(target_os = "linux")]
    if let Err(error) = linux::set_slice(SLICE) {
        tracing::debug!(%error, "a thread keeps its slices");
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::getpriority_process;
    use std::io;
    use std::time::Duration;

    /// What the calling thread is scheduled by, with another slice. A policy that somebody chose for the server stays.
    pub(super) fn set_slice(slice: Duration) -> io::Result<()> {
        #[expect(unsafe_code, reason = "a system call without a pointer")]
        // SAFETY: 0 is the calling thread; nothing else is passed.
        let policy = unsafe { libc::sched_getscheduler(0) };
        if policy != libc::SCHED_OTHER {
            return Ok(());
        }
        let attributes = libc::sched_attr {
            size: size_of::<libc::sched_attr>() as u32,
            sched_policy: libc::SCHED_OTHER as u32,
            sched_flags: libc::SCHED_FLAG_RESET_ON_FORK as u64,
            sched_nice: getpriority_process(None)?,
            sched_priority: 0,
            sched_runtime: slice.as_nanos() as u64,
            sched_deadline: 0,
            sched_period: 0,
        };
        #[expect(unsafe_code, reason = "a system call that reads one structure of the size it names")]
        // SAFETY: 0 is the calling thread, the structure is whole and outlives the call, and nothing is written to it.
        let answer = unsafe { libc::syscall(libc::SYS_sched_setattr, 0, &raw const attributes, 0) };
        if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    #[cfg(test)]
    mod tests {
        use super::super::{SLICE, answer_in_short_slices};
        use rustix::process::{getpriority_process, setpriority_process};

        /// Slice and niceness of the calling thread, as the system has them.
        fn now() -> (u64, i32) {
            #[expect(unsafe_code, reason = "all zeros are a value of this structure of numbers")]
            // SAFETY: it has only numbers.
            let mut attributes: libc::sched_attr = unsafe { std::mem::zeroed() };
            let size = size_of::<libc::sched_attr>() as u32;
            #[expect(unsafe_code, reason = "a system call that fills one structure of the size it is told")]
            // SAFETY: 0 is the calling thread, and the structure has as many bytes as is said.
            let answer = unsafe { libc::syscall(libc::SYS_sched_getattr, 0, &raw mut attributes, size, 0) };
            assert_eq!(answer, 0);
            (attributes.sched_runtime, attributes.sched_nice)
        }

        #[test]
        fn a_thread_gets_short_slices_and_keeps_its_priority() {
            let niceness = std::thread::spawn(|| {
                setpriority_process(None, getpriority_process(None).unwrap() + 1).unwrap();
                let (before, nice_before) = now();
                answer_in_short_slices();
                let (after, nice_after) = now();
                // 0: a kernel that has no slices of threads.
                assert_eq!(after, if before == 0 { 0 } else { SLICE.as_nanos() as u64 });
                assert_eq!(std::thread::spawn(now).join().unwrap(), (before, nice_before));
                (nice_before, nice_after)
            });
            let (before, after) = niceness.join().unwrap();
            assert_eq!(after, before);
        }
    }
}
