//! States of streams, kept while there is room. They may be stale: an append or a comparison of revisions tells.

use domain::recorded::Recorded;
use domain::state::State;
use domain::stream::StreamName;
use lru::LruCache;
use parking_lot::Mutex;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher;
use std::sync::Arc;

const SHARDS: usize = 64;
/// What all states together may weigh. Most weigh 1, a conversation or message 1 for every [`PARTS_OF_WEIGHT_ONE`]
/// members, pins or reactions more, so this is about 100 MB at the very most.
const WEIGHT_MAX: usize = 100_000;
const PARTS_OF_WEIGHT_ONE: usize = 16;

/// A stream's state and the revision it is at.
#[derive(Clone, Debug)]
pub(super) struct Loaded {
    pub(super) revision: Option<u64>,
    pub(super) state: Arc<State>,
}

struct Entry {
    loaded: Loaded,
    weight: usize,
    is_stale: bool,
}

struct Shard {
    entries: LruCache<StreamName, Entry, FxBuildHasher>,
    weight: usize,
}

/// The states.
pub(super) struct Cache {
    shards: Box<[Mutex<Shard>]>,
}

impl Default for Cache {
    fn default() -> Self {
        let shard = || Mutex::new(Shard { entries: LruCache::unbounded_with_hasher(FxBuildHasher), weight: 0 });
        Self { shards: (0..SHARDS).map(|_| shard()).collect() }
    }
}

/// What the cache has of a stream.
pub(super) enum Found {
    /// As far as is known, its current state.
    Fresh(Loaded),
    /// A state that others have moved on from.
    Stale(Loaded),
    /// Nothing.
    Nothing,
}

impl Cache {
    fn shard(&self, stream: &StreamName) -> &Mutex<Shard> {
        let hash = FxBuildHasher.hash_one(stream) >> 32;
        &self.shards[usize::try_from(hash).unwrap_or(0) % SHARDS]
    }

    pub(super) fn get(&self, stream: &StreamName) -> Found {
        match self.shard(stream).lock().entries.get(stream) {
            Some(entry) if entry.is_stale => Found::Stale(entry.loaded.clone()),
            Some(entry) => Found::Fresh(entry.loaded.clone()),
            None => Found::Nothing,
        }
    }

    /// Keeps what was loaded, unless something newer is here.
    pub(super) fn put(&self, stream: &StreamName, loaded: Loaded) {
        let mut shard = self.shard(stream).lock();
        if shard.entries.peek(stream).is_some_and(|entry| entry.loaded.revision > loaded.revision) {
            return;
        }
        let entry = Entry { weight: weight(&loaded.state), loaded, is_stale: false };
        shard.weight += entry.weight;
        let replaced = shard.entries.put(stream.clone(), entry);
        shard.weight -= replaced.map_or(0, |entry| entry.weight);
        shard.shrink();
    }

    /// Takes over an event that is durable.
    pub(super) fn apply(&self, recorded: &Recorded) {
        let is_in_newest = State::is_in_newest_event(recorded.stream.category());
        let mut shard = self.shard(&recorded.stream).lock();
        let Shard { entries, weight: total } = &mut *shard;
        if let Some(entry) = entries.get_mut(&recorded.stream) {
            let follows = entry.loaded.revision == recorded.revision.checked_sub(1);
            if follows || (is_in_newest && entry.loaded.revision < Some(recorded.revision)) {
                Arc::make_mut(&mut entry.loaded.state).evolve(recorded.revision, &recorded.event);
                entry.loaded.revision = Some(recorded.revision);
                entry.is_stale &= follows;
                *total -= entry.weight;
                entry.weight = weight(&entry.loaded.state);
                *total += entry.weight;
            }
            return;
        }
        drop(shard);
        if is_in_newest || recorded.revision == 0 {
            let mut state = State::empty(recorded.stream.category());
            state.evolve(recorded.revision, &recorded.event);
            self.put(&recorded.stream, Loaded { revision: Some(recorded.revision), state: Arc::new(state) });
        }
    }

    /// Tells that the stream's newest revision is `actual`.
    pub(super) fn compare(&self, stream: &StreamName, actual: Option<u64>) {
        if let Some(entry) = self.shard(stream).lock().entries.peek_mut(stream) {
            entry.is_stale |= entry.loaded.revision < actual;
        }
    }

    /// Forgets a stream of which nobody knows what became of it.
    pub(super) fn forget(&self, stream: &StreamName) {
        let mut shard = self.shard(stream).lock();
        let gone = shard.entries.pop(stream);
        shard.weight -= gone.map_or(0, |entry| entry.weight);
    }
}

impl Shard {
    fn shrink(&mut self) {
        while self.weight > WEIGHT_MAX / SHARDS && self.entries.len() > 1 {
            let Some((_, gone)) = self.entries.pop_lru() else { return };
            self.weight -= gone.weight;
        }
    }
}

fn weight(state: &State) -> usize {
    use domain::conversation::state::Conversation;
    let parts = match state {
        State::Conversation(Conversation::Open { members, former, pins, .. }) => {
            members.len() + former.len() + pins.len()
        }
        State::Conversation(Conversation::Closed { members, former, .. }) => members.len() + former.len(),
        State::Message(message) => message.reactions.len(),
        State::Admins(admins) => admins.accounts.len(),
        State::Relationship(ties) => {
            let kept_away = ties.blocks.len() + ties.story_mutes.len() + ties.story_hides.len();
            ties.follows.len() + ties.close_friends.len() + kept_away
        }
        State::Conversation(Conversation::Unknown)
        | State::Access
        | State::Account(_)
        | State::Import(_)
        | State::Job(_)
        | State::Keys
        | State::Membership(_)
        | State::Notifications(_)
        | State::Read(_)
        | State::Session(_)
        | State::Story(_)
        | State::Timeline(_)
        | State::Username(_)
        | State::View(_) => 0,
    };
    1 + parts / PARTS_OF_WEIGHT_ONE
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::AccountId;
    use domain::relationship::state::Relationship;
    use uuid::Uuid;

    fn stream(n: u128) -> StreamName {
        StreamName::relationship(AccountId::new(Uuid::from_u128(n)))
    }

    fn at(revision: Option<u64>) -> Loaded {
        Loaded { revision, state: Arc::new(State::Relationship(Relationship::default())) }
    }

    #[test]
    fn an_older_state_does_not_replace_a_newer_one() {
        let cache = Cache::default();
        cache.put(&stream(1), at(Some(3)));
        cache.put(&stream(1), at(Some(2)));
        assert!(matches!(cache.get(&stream(1)), Found::Fresh(loaded) if loaded.revision == Some(3)));
    }

    #[test]
    fn a_state_is_stale_once_the_log_is_known_to_be_ahead_and_fresh_again_once_reloaded() {
        let cache = Cache::default();
        cache.put(&stream(1), at(None));
        cache.compare(&stream(1), None);
        assert!(matches!(cache.get(&stream(1)), Found::Fresh(_)));
        cache.compare(&stream(1), Some(0));
        assert!(matches!(cache.get(&stream(1)), Found::Stale(_)));
        cache.put(&stream(1), at(Some(0)));
        assert!(matches!(cache.get(&stream(1)), Found::Fresh(_)));
    }

    #[test]
    fn it_does_not_grow_beyond_its_weight() {
        let cache = Cache::default();
        for n in 0..(2 * WEIGHT_MAX as u128) {
            cache.put(&stream(n), at(None));
        }
        let total: usize = cache.shards.iter().map(|shard| shard.lock().weight).sum();
        let entries: usize = cache.shards.iter().map(|shard| shard.lock().entries.len()).sum();
        assert!(total <= WEIGHT_MAX && entries == total, "{total} {entries}");
    }
}
