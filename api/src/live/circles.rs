//! Whom authors count as close friends, and from whom they hide their stories, looked up when a story of theirs is shown: at
//! most a hundred and a thousand for each author, while nobody knows a limit of how many authors count somebody as theirs, or
//! hide from them.

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

/// The close friends of some authors; those who were asked for longest ago are forgotten.
pub struct CloseFriends(LruCache<AccountId, Known>);

#[derive(Clone, Default)]
struct Known {
    as_of: Position,
    next_revision: u64,
    circle: Circle,
}

/// What an author's relationships say of who is shown their stories.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circle {
    /// The close friends.
    pub friends: Arc<HashSet<AccountId>>,
    /// From whom the stories are hidden.
    pub hidden_from: Arc<HashSet<AccountId>>,
}

impl CloseFriends {
    /// Of no more than so many authors.
    pub fn of_authors(at_most: NonZeroUsize) -> Self {
        Self(LruCache::new(at_most))
    }

    /// An author's, as they were before a position. Within one log that position may go up only at little cost: what
    /// happened since is read, otherwise everything.
    ///
    /// # Errors
    /// When the log does not answer.
    pub async fn before(
        &mut self,
        source: &dyn EventSource,
        author: AccountId,
        position: Position,
    ) -> Result<Circle, SourceFault> {
        let mut known = self.0.get(&author).filter(|known| known.as_of <= position).cloned().unwrap_or_default();
        let stream = StreamName::relationship(author);
        loop {
            let slice = source.read_stream(&stream, known.next_revision, Direction::Forward, PAGE_EVENTS).await?;
            let earlier = slice.events.iter().take_while(|event| event.position < position);
            for event in earlier.clone() {
                let Circle { friends, hidden_from } = &mut known.circle;
                match &event.event {
                    Event::CloseFriendAdded(e) => drop(Arc::make_mut(friends).insert(e.account)),
                    Event::CloseFriendRemoved(e) => drop(Arc::make_mut(friends).remove(&e.account)),
                    Event::StoriesHidden(e) => drop(Arc::make_mut(hidden_from).insert(e.account)),
                    Event::StoriesShown(e) => drop(Arc::make_mut(hidden_from).remove(&e.account)),
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
        self.0.put(author, known.clone());
        Ok(known.circle)
    }

    /// How many authors are remembered.
    #[cfg(test)]
    pub fn authors(&self) -> usize {
        self.0.len()
    }
}
