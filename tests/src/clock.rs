//! A clock that tests can move.

use api::clock::SystemClock;
use domain::clock::{Clock, Time};
use std::sync::atomic::{AtomicI64, Ordering};

/// The machine's clock, moved ahead as far as a test wants.
#[derive(Default)]
pub struct MovableClock {
    ahead_micros: AtomicI64,
}

impl MovableClock {
    /// From now on it is `seconds` later.
    pub fn advance(&self, seconds: i64) {
        self.ahead_micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Time {
        Time::from_micros(SystemClock.now().micros() + self.ahead_micros.load(Ordering::SeqCst))
    }
}
