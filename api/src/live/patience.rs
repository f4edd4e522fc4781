//! How long a reader of the feed may take.

use domain::limits::{FEED_QUEUE_MAX_BYTES, FEED_SLOW_SECONDS, FEED_STUCK_SECONDS};
use std::time::Duration;
use tokio::time::Instant;

/// How long a reader may take nothing at all while something waits.
pub const STUCK: Duration = Duration::from_secs(FEED_STUCK_SECONDS);
/// How long a reader may take for a queue's worth of bytes.
pub const SLOW: Duration = Duration::from_secs(FEED_SLOW_SECONDS);
/// How often it is tried whether a reader takes more. The system says that there is room only once a third of its buffer
/// is free, which a slow reader may not reach in time.
const AGAIN: Duration = Duration::from_secs(1);

/// A reader for which something waits.
#[derive(Clone, Copy)]
pub struct Slow {
    since: Instant,
    /// Bytes since then.
    taken: usize,
    /// When it took something last.
    took_at: Instant,
    /// When it was tried last whether it takes more.
    tried_at: Instant,
}

impl Slow {
    /// From now on.
    pub fn begins() -> Self {
        let now = Instant::now();
        Self { since: now, taken: 0, took_at: now, tried_at: now }
    }

    /// Until when it must take more.
    fn until(self) -> Instant {
        (self.since + SLOW).min(self.took_at + STUCK)
    }

    /// When it is to be tried again, or is over.
    pub fn due(self) -> Instant {
        self.until().min(self.tried_at + AGAIN)
    }

    /// It took so many bytes.
    pub fn takes(&mut self, bytes: usize) {
        (self.taken, self.took_at) = (self.taken + bytes, Instant::now());
        if self.taken >= FEED_QUEUE_MAX_BYTES {
            *self = Self::begins();
        }
    }

    /// It was tried again: whether its time is over.
    pub fn is_over(&mut self, now: Instant) -> bool {
        self.tried_at = now;
        now >= self.until()
    }
}
