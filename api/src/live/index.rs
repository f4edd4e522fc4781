//! What the feed asks of the feed index: which conversations an account sees, and which events it missed.

use domain::ids::{AccountId, ConversationId, Position};
use domain::source::BoxFuture;
use projections::account::settings::Signals;
use projections::feed::feed_index::Reader;
use projections::feed::topic::Topic;
use projections::projection::FEED_INDEX;
use projections::projections::Projections;
use projections::reader::ReadFault;
use std::collections::HashSet;
use std::time::Duration;

/// The conversations that an account sees, as of a position.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The index has taken in everything up to here.
    pub position: Position,
    /// Those that the account is a member of.
    pub conversations: HashSet<ConversationId>,
}

/// The feed index, or a test's.
pub trait Index: Send + Sync + 'static {
    /// Waits until the index has taken in everything up to a position, but not longer than `patience`.
    fn reach(&self, position: Position, patience: Duration) -> BoxFuture<'_, ()>;

    /// The conversations that an account sees.
    fn seen_by(&self, account: AccountId) -> BoxFuture<'_, Result<Seen, ReadFault>>;

    /// Positions in `(after, up_to]` of events that the account may see, ascending, `limit` at most.
    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Position>, ReadFault>>;

    /// How many members a conversation has.
    fn member_count(&self, conversation: ConversationId) -> BoxFuture<'_, Result<usize, ReadFault>>;

    /// What an account lets others know.
    fn signals(&self, account: AccountId) -> BoxFuture<'_, Result<Signals, ReadFault>>;

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
            let conversations = topics.value.into_iter().filter_map(|topic| match topic {
                Topic::Conversation(conversation) => Some(conversation),
                // One's own are always seen; those of others follow with relationships.
                Topic::Account(_) | Topic::Author(_) => None,
            });
            Ok(Seen { position: topics.position, conversations: conversations.collect() })
        })
    }

    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Position>, ReadFault>> {
        Box::pin(async move {
            let missed = self.reader.missed(account, after, up_to, limit).await?;
            Ok(missed.value.into_iter().map(|missed| missed.position).collect())
        })
    }

    fn member_count(&self, conversation: ConversationId) -> BoxFuture<'_, Result<usize, ReadFault>> {
        Box::pin(async move { Ok(self.projections.messaging().member_count(conversation).await?.value) })
    }

    fn signals(&self, account: AccountId) -> BoxFuture<'_, Result<Signals, ReadFault>> {
        Box::pin(async move {
            let signals = self.projections.accounts().signals(&[account]).await?.value;
            // Of an account that is not known here yet nothing is told.
            let nothing = Signals { read_receipts: false, presence: false };
            Ok(signals.get(&account).copied().unwrap_or(nothing))
        })
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
