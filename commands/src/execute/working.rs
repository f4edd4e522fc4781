//! The states that one round decides on: loaded once, then evolving with every decision of the round.

use super::Executor;
use super::cache::Loaded;
use crate::log::Unit;
use domain::source::SourceFault;
use domain::state::State;
use domain::stream::StreamName;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// A stream in a round.
pub(super) struct Slot {
    pub(super) revision: Option<u64>,
    pub(super) state: Arc<State>,
    /// The unit of this round that wrote it last.
    pub(super) written_by: Option<usize>,
}

/// The streams of a round.
#[derive(Default)]
pub(super) struct Working {
    slots: FxHashMap<StreamName, Slot>,
}

impl Working {
    /// The stream as it is in this round, loaded when it is the first time.
    pub(super) async fn slot(&mut self, executor: &Executor, stream: &StreamName) -> Result<&Slot, SourceFault> {
        if !self.slots.contains_key(stream) {
            let Loaded { revision, state } = executor.load(stream).await?;
            self.slots.insert(stream.clone(), Slot { revision, state, written_by: None });
        }
        self.slots.get(stream).ok_or(SourceFault::Closed)
    }

    /// The revision that the next event of the stream is decided on; none of a stream that was not read.
    pub(super) fn revision(&self, stream: &StreamName) -> Option<Option<u64>> {
        self.slots.get(stream).map(|slot| slot.revision)
    }

    /// Lets the streams go on with what the round's unit number `index` writes.
    pub(super) fn evolve(&mut self, unit: &Unit, index: usize) {
        for write in &unit.writes {
            let Some(slot) = self.slots.get_mut(&write.stream) else { continue };
            let state = Arc::make_mut(&mut slot.state);
            for new in &write.events {
                let revision = slot.revision.map_or(0, |revision| revision + 1);
                state.evolve(revision, &new.event);
                slot.revision = Some(revision);
            }
            slot.written_by = Some(index);
        }
    }
}
