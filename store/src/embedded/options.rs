//! How a log is run.

use super::disk::{Disk, RealDisk};
use domain::clock::Clock;
use domain::ids::LogId;
#[cfg(feature = "mutants")]
use std::cell::Cell;
use std::sync::Arc;

/// Bytes of a segment, unless one unit is larger.
pub const SEGMENT_DEFAULT_BYTES: u64 = 64 << 20;

/// How a log is run.
#[derive(Clone)]
pub struct Options {
    /// Bytes of a segment. Less is for tests.
    pub segment_bytes: u64,
    /// Says when events are recorded.
    pub clock: Arc<dyn Clock>,
    /// The check value of the keys store's hash key: written into a new log, compared with an old one's.
    pub key_check: [u8; 16],
    /// The id of a log that is made; `None` takes a random one. Set where a history must repeat bit for bit.
    pub new_log_id: Option<LogId>,
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// A fault that is built in. Only crash tests set it, to show that they would find it.
    #[cfg(feature = "mutants")]
    pub mutant: Option<Mutant>,
}

/// Faults that crash tests must find.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Batches are written and not synced.
    NoSync,
    /// Appends are acknowledged before they are written.
    EarlyAck,
    /// A new segment's name is not made durable.
    NoDirectorySync,
    /// Records are taken for good whatever their checksum says. Set with [`set_on_this_thread`].
    IgnoredChecksum,
    /// The complete records of a unit that is not complete are kept. Set with [`set_on_this_thread`].
    KeptTornUnit,
    /// Index files are taken for good whatever their checksums say. Set with [`set_on_this_thread`].
    IndexWithoutChecksum,
}

#[cfg(feature = "mutants")]
thread_local! {
    static ON_THIS_THREAD: Cell<Option<Mutant>> = const { Cell::new(None) };
}

/// Builds a fault in where no options reach: into what runs on this thread.
#[cfg(feature = "mutants")]
pub fn set_on_this_thread(mutant: Option<Mutant>) {
    ON_THIS_THREAD.set(mutant);
}

/// Whether this fault was built in with [`set_on_this_thread`].
#[cfg(feature = "mutants")]
pub fn is_on_this_thread(mutant: Mutant) -> bool {
    ON_THIS_THREAD.get() == Some(mutant)
}

impl Options {
    /// A log on the real disk with segments of [`SEGMENT_DEFAULT_BYTES`].
    pub fn new(clock: Arc<dyn Clock>, key_check: [u8; 16]) -> Self {
        Self {
            segment_bytes: SEGMENT_DEFAULT_BYTES,
            clock,
            key_check,
            new_log_id: None,
            disk: Arc::new(RealDisk),
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }
}
