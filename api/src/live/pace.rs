//! How often a socket may do what costs others something.

use domain::limits::TYPING_BURST_FRAMES;
use tokio::time::Instant;

/// So many at once, then one a second.
pub struct Pace {
    left: u32,
    since: Instant,
}

impl Default for Pace {
    /// Nothing was done yet.
    fn default() -> Self {
        Self { left: TYPING_BURST_FRAMES, since: Instant::now() }
    }
}

impl Pace {
    /// Whether one more may be done, which then counts.
    pub fn may_act(&mut self) -> bool {
        let seconds = self.since.elapsed().as_secs();
        if seconds > 0 {
            self.since += std::time::Duration::from_secs(seconds);
            let more = u32::try_from(seconds).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(more).min(TYPING_BURST_FRAMES);
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn some_at_once_and_then_one_a_second() {
        let mut pace = Pace::default();
        assert_eq!((0..20).filter(|_| pace.may_act()).count(), 5);
        tokio::time::advance(Duration::from_millis(2_500)).await;
        assert_eq!((0..20).filter(|_| pace.may_act()).count(), 2);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert!(pace.may_act() && !pace.may_act());
        tokio::time::advance(Duration::from_secs(1_000)).await;
        assert_eq!((0..20).filter(|_| pace.may_act()).count(), 5);
    }
}
