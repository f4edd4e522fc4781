//! How many commands may be decided, or answered, at once.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Gives turns to batches, in the order in which they ask.
pub(super) struct Turns {
    commands: Semaphore,
    max: usize,
}

/// The turn of a batch, over when dropped.
pub(super) struct Turn<'a> {
    _commands: Option<SemaphorePermit<'a>>,
}

impl Turns {
    /// For at most so many commands at once.
    pub(super) fn new(max: usize) -> Self {
        Self { commands: Semaphore::new(max), max }
    }

    /// Waits until so many more commands may have their turn. A batch of more than may at all has its turn alone.
    pub(super) async fn take(&self, commands: usize) -> Turn<'_> {
        let commands = u32::try_from(commands.min(self.max)).unwrap_or(u32::MAX);
        // It is never closed, which is the only way in which it could give none.
        Turn { _commands: self.commands.acquire_many(commands).await.ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn batches_take_turns_in_the_order_in_which_they_ask() {
        let turns = Turns::new(4);
        let first = turns.take(3).await;
        let (mut large, mut small) = (Box::pin(turns.take(4)), Box::pin(turns.take(1)));
        assert!((&mut large).now_or_never().is_none());
        assert!((&mut small).now_or_never().is_none(), "there would be room for it, but it came later");
        drop(first);
        let second = (&mut large).now_or_never().expect("its turn");
        assert!((&mut small).now_or_never().is_none());
        drop(second);
        assert!(small.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_batch_of_more_than_may_be_under_way_has_its_turn_alone() {
        let turns = Turns::new(4);
        let one = turns.take(1).await;
        let mut huge = Box::pin(turns.take(1_000));
        assert!((&mut huge).now_or_never().is_none());
        drop(one);
        let alone = huge.now_or_never().expect("its turn");
        assert!(turns.take(1).now_or_never().is_none());
        drop(alone);
        assert!(turns.take(1).now_or_never().is_some());
    }
}
