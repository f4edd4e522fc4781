//! Whom accounts count as close friends, from whom they hide their stories and whom they block, looked up when it matters: at
//! most a hundred, a thousand and a thousand for each account, while nobody knows a limit of how many count somebody as theirs,
//! hide from them or block them.

use domain::event::Event;
use domain::ids::{AccountId, Position};
use domain::source::{Direction, EventSource, SourceFault};
use domain::stream::StreamName;
use lru::LruCache;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Events of a relationship read at once.
const PAGE_EVENTS: usize = 256;

/// The circles of some accounts; those who were asked for longest ago are forgotten.
pub struct Circles(LruCache<AccountId, Known>);

#[derive(Clone, Default)]
struct Known {
    as_of: Position,
    next_revision: u64,
    circle: Circle,
}

/// What an account's relationships say of who is near it and who is kept away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circle {
    /// The close friends.
    pub friends: Arc<HashSet<AccountId>>,
    /// From whom the stories are hidden.
    pub hidden_from: Arc<HashSet<AccountId>>,
    /// Who is blocked.
    pub blocks: Arc<HashSet<AccountId>>,
}

impl Circles {
    /// Of no more than so many accounts.
    pub fn of_accounts(at_most: NonZeroUsize) -> Self {
        Self(LruCache::new(at_most))
    }

    /// An account's, as it was before a position. Within one log that position may go up only at little cost: what
    /// happened since is read, otherwise everything.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn before(
        &mut self,
        source: &dyn EventSource,
        account: AccountId,
        position: Position,
    ) -> Result<Circle, SourceFault> {
        let mut known = self.0.get(&account).filter(|known| known.as_of <= position).cloned().unwrap_or_default();
        let stream = StreamName::relationship(account);
        loop {
            let slice = source.read_stream(&stream, known.next_revision, Direction::Forward, PAGE_EVENTS).await?;
            let earlier = slice.events.iter().take_while(|event| event.position < position);
            for event in earlier.clone() {
                let Circle { friends, hidden_from, blocks } = &mut known.circle;
                match &event.event {
                    Event::CloseFriendAdded(e) => drop(Arc::make_mut(friends).insert(e.account)),
                    Event::CloseFriendRemoved(e) => drop(Arc::make_mut(friends).remove(&e.account)),
                    Event::StoriesHidden(e) => drop(Arc::make_mut(hidden_from).insert(e.account)),
                    Event::StoriesShown(e) => drop(Arc::make_mut(hidden_from).remove(&e.account)),
                    Event::AccountBlocked(e) => drop(Arc::make_mut(blocks).insert(e.account)),
                    Event::AccountUnblocked(e) => drop(Arc::make_mut(blocks).remove(&e.account)),
                    _ => {}
                }
                known.next_revision = event.revision + 1;
            }
            if slice.events.is_empty()
                || earlier.count() < slice.events.len()
                || slice.revision < Some(known.next_revision)
            {
                break;
            }
        }
        known.as_of = position;
        self.0.put(account, known.clone());
        Ok(known.circle)
    }

    /// Whether one of two accounts blocked the other before a position.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn are_apart_before(
        &mut self,
        source: &dyn EventSource,
        (one, other): (AccountId, AccountId),
        position: Position,
    ) -> Result<bool, SourceFault> {
        for (owner, account) in [(one, other), (other, one)] {
            if self.before(source, owner, position).await?.blocks.contains(&account) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many accounts are remembered.
    #[cfg(test)]
    pub fn known(&self) -> usize {
        self.0.len()
    }
}
