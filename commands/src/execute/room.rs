//! How many commands may be pending.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts places; there is a fixed number of them.
pub(super) struct Room {
    taken: AtomicUsize,
    places: usize,
}

/// One place, given back when dropped.
pub(super) struct Place(Arc<Room>);

impl Room {
    pub(super) fn new(places: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), places })
    }

    /// Whether a place is free now.
    pub(super) fn is_free(&self) -> bool {
        self.taken.load(Ordering::Relaxed) < self.places
    }

    /// A place, unless all are taken.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.places {
            return Some(Place(Arc::clone(self)));
        }
        self.taken.fetch_sub(1, Ordering::Relaxed);
        None
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_is_given_back_can_be_taken_again() {
        let room = Room::new(1);
        let place = room.take();
        assert!(place.is_some() && !room.is_free() && room.take().is_none());
        drop(place);
        assert!(room.is_free() && room.take().is_some());
    }
}
