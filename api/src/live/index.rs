//! What the feed asks of the feed index: what an account sees, and which events it missed.

use crate::live::membership::{Place, Sight};
use domain::ids::{AccountId, ConversationId, Position};
use domain::source::BoxFuture;
use projections::account::settings::Signals;
use projections::feed::feed_index::{Missed, Reader};
use projections::feed::topic::Topic;
use projections::projection::{FEED_INDEX, MESSAGING};
use projections::projections::Projections;
use projections::reader::ReadFault;
use std::collections::HashSet;
use std::time::Duration;

/// What an account sees, as of a position.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The index has taken in everything up to here.
    pub position: Position,
    /// Where it is let in.
    pub sight: Sight,
}

/// The feed index, or a test's.
pub trait Index: Send + Sync + 'static {
    /// Waits until the index has taken in everything up to a position, but not longer than `patience`.
    fn reach(&self, position: Position, patience: Duration) -> BoxFuture<'_, ()>;

    /// What an account sees.
    fn seen_by(&self, account: AccountId) -> BoxFuture<'_, Result<Seen, ReadFault>>;

    /// Events in `(after, up_to]` that the account may see, ascending, `limit` at most.
    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Missed>, ReadFault>>;

    /// How many members a conversation has that was there at a position, `since` a position or later; none if that does not
    /// become known in this time.
    fn member_count(
        &self,
        conversation: ConversationId,
        since: Position,
        at: Position,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Option<usize>, ReadFault>>;

    /// What an account lets others know, and as of which position.
    fn signals(&self, account: AccountId) -> BoxFuture<'_, Result<(Signals, Position), ReadFault>>;

    /// Whom an account blocks.
    fn blocked_by(&self, account: AccountId) -> BoxFuture<'_, Result<HashSet<AccountId>, ReadFault>>;

    /// How many these are, counted up to `at_most`.
    fn missed_count(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        at_most: usize,
    ) -> BoxFuture<'_, Result<usize, ReadFault>>;
}

/// The feed index of the projections.
pub struct ProjectedIndex {
    projections: Projections,
    reader: Reader,
}

impl ProjectedIndex {
    /// Reads the projections' feed index.
    pub fn new(projections: Projections) -> Self {
        Self { reader: projections.feed_index(), projections }
    }
}

impl Index for ProjectedIndex {
    fn reach(&self, position: Position, patience: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Err(behind) = self.projections.wait(FEED_INDEX, position, patience).await {
                tracing::debug!(position = %behind.position, "the feed index is behind");
            }
        })
    }

    fn seen_by(&self, account: AccountId) -> BoxFuture<'_, Result<Seen, ReadFault>> {
        Box::pin(async move {
            let topics = self.reader.topics_of(account).await?;
            let mut sight = Sight::default();
            for topic in topics.value {
                match topic {
                    Topic::Conversation(conversation) => drop(sight.enter(Place::Conversation(conversation))),
                    Topic::Followers(author) => drop(sight.enter(Place::Followers(author))),
                    Topic::Blocked(account) => drop(sight.enter(Place::Blockers(account))),
                    // Always seen.
                    Topic::Account(_) | Topic::Author(_) | Topic::Views(_) | Topic::Everyone => {}
                    // Looked up from the author's side.
                    Topic::CloseFriends(_) | Topic::HiddenStories(_) => {}
                }
            }
            Ok(Seen { position: topics.position, sight })
        })
    }

    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Missed>, ReadFault>> {
        Box::pin(async move { Ok(self.reader.missed(account, after, up_to, limit).await?.value) })
    }

    fn member_count(
        &self,
        conversation: ConversationId,
        since: Position,
        at: Position,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Option<usize>, ReadFault>> {
        Box::pin(async move {
            let known = self.projections.messaging().member_count(conversation).await?;
            if known.value.is_some() && known.position >= since {
                return Ok(known.value);
            }
            // The feed learns of what was just created, and of who just joined, before the read models do.
            let at = if known.value.is_some() { since } else { at.max(since) };
            if self.projections.wait(MESSAGING, at, patience).await.is_err() {
                return Ok(None);
            }
            Ok(self.projections.messaging().member_count(conversation).await?.value)
        })
    }

    fn signals(&self, account: AccountId) -> BoxFuture<'_, Result<(Signals, Position), ReadFault>> {
        Box::pin(async move {
            let signals = self.projections.accounts().signals(&[account]).await?;
            // Of an account that is not known here yet nothing is told.
            let nothing = Signals { read_receipts: false, presence: false };
            Ok((signals.value.get(&account).copied().unwrap_or(nothing), signals.position))
        })
    }

    fn blocked_by(&self, account: AccountId) -> BoxFuture<'_, Result<HashSet<AccountId>, ReadFault>> {
        Box::pin(async move { Ok(self.reader.blocked_by(account).await?.value.into_iter().collect()) })
    }

    fn missed_count(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        at_most: usize,
    ) -> BoxFuture<'_, Result<usize, ReadFault>> {
        Box::pin(async move { Ok(self.reader.missed_count(account, after, up_to, at_most).await?.value) })
    }
}
