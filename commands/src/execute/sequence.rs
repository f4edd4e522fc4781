//! Commands of one list that must stand in the log in their order: once one of them has no result, none after it begins.

use super::Failure;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The commands of a list that write the same stream.
#[derive(Clone, Debug)]
pub(super) struct Sequence(Arc<AtomicUsize>);

/// A command's place in it.
#[derive(Debug)]
pub(super) struct Link {
    sequence: Sequence,
    index: usize,
    is_settled: bool,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }

    /// The place of the list's command number `index`. The sequence breaks there unless it is settled.
    pub(super) fn link(&self, index: usize) -> Link {
        Link { sequence: self.clone(), index, is_settled: false }
    }
}

impl Link {
    /// Whether one before it has no result.
    pub(super) fn is_cut_off(&self) -> bool {
        self.sequence.0.load(Ordering::Acquire) < self.index
    }

    /// Takes over what came of the command. Of what is refused, or can never be appended, a repeat would be the same, so it
    /// holds up nothing.
    pub(super) fn settle<T>(&mut self, result: &Result<T, Failure>) {
        self.is_settled = match result {
            Ok(_) | Err(Failure::Refused(..) | Failure::KeyReused(_) | Failure::TooLarge | Failure::StreamDeleted) => {
                true
            }
            Err(
                Failure::Contended
                | Failure::Overloaded
                | Failure::Log(_)
                | Failure::Source(_)
                | Failure::Words(_)
                | Failure::Aborted,
            ) => false,
        };
    }
}

impl Drop for Link {
    /// Also of a command that was given up without a word.
    fn drop(&mut self) {
        if !self.is_settled {
            self.sequence.0.fetch_min(self.index, Ordering::AcqRel);
        }
    }
}
