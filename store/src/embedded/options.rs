//! How a log is run.

use super::disk::{Disk, RealDisk};
use domain::clock::Clock;
use domain::ids::LogId;
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
