//! The newest events in memory, decoded once and shared by everybody who follows the log.

use super::scan::Scanned;
use domain::ids::Position;
use domain::recorded::Recorded;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Events that are kept, at most.
const MAX_EVENTS: usize = 32 << 10;
/// Bytes that are kept, at most: payloads and [`EVENT_BYTES`] for each event.
const MAX_BYTES: usize = 16 << 20;
/// Bytes that an event takes beside its payload, about.
const EVENT_BYTES: usize = 512;

/// The newest events, in position order without a gap.
#[derive(Debug)]
pub struct Ring {
    kept: Mutex<Kept>,
    max_events: usize,
}

#[derive(Debug, Default)]
struct Kept {
    events: VecDeque<(Arc<Recorded>, usize)>,
    bytes: usize,
}

impl Default for Ring {
    fn default() -> Self {
        Self::of(MAX_EVENTS)
    }
}

impl Ring {
    /// A smaller one, for tests that want to fall behind it.
    pub fn of(max_events: usize) -> Self {
        Self { kept: Mutex::default(), max_events }
    }

    /// Takes in events that just became durable, with the sizes of their payloads in bytes.
    pub fn push(&self, events: impl Iterator<Item = (Arc<Recorded>, usize)>) {
        let mut kept = self.kept.lock();
        for (event, payload) in events {
            let follows = kept.events.back().is_none_or(|(last, _)| last.position.0 + 1 == event.position.0);
            if !follows {
                *kept = Kept::default();
            }
            kept.bytes += payload + EVENT_BYTES;
            kept.events.push_back((event, payload + EVENT_BYTES));
        }
        while kept.events.len() > self.max_events || kept.bytes > MAX_BYTES {
            let Some((_, bytes)) = kept.events.pop_front() else { break };
            kept.bytes -= bytes;
        }
    }

    /// Up to `most` events after a position and not beyond `head`, at least one. `None` if the ring does not have the next
    /// one: because it no longer reaches back so far, or because nobody put it there.
    pub fn after(&self, position: Position, head: Position, most: usize) -> Option<(Arc<[Arc<Recorded>]>, Scanned)> {
        let kept = self.kept.lock();
        let first = kept.events.front()?.0.position.0;
        let skipped = usize::try_from((position.0 + 1).checked_sub(first)?).ok()?;
        let there = usize::try_from((head.0 + 1).saturating_sub(first)).ok()?.min(kept.events.len());
        let end = there.min(skipped.saturating_add(most));
        let events: Arc<[_]> = kept.events.range(skipped.min(end)..end).map(|(event, _)| Arc::clone(event)).collect();
        let next = events.last()?.position;
        Some((events, Scanned { next, at_end: next >= head }))
    }
}
