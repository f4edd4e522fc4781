//! Keys of fields in memory: at most so many, none longer than a minute, forgotten at once when one is destroyed.

use crate::codec::fields::Subjects;
use crate::seal::cipher::KeyPair;
use crate::seal::secret::Secret;
use domain::clock::Time;
use domain::words::Subject;
use lru::LruCache;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Seconds after which a key is in nobody's memory any more.
pub const KEY_IN_MEMORY_MAX_SECONDS: i64 = 60;
/// Seconds between two sweeps of what nobody asked for again.
pub const SWEEP_EVERY_SECONDS: i64 = 5;
/// Pairs of keys held for sealing, and as many for opening, at most.
pub const PAIRS_HELD_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// A key is served for so long that a sweep finds it before its minute is over.
const SERVED_MAX_SECONDS: i64 = KEY_IN_MEMORY_MAX_SECONDS - SWEEP_EVERY_SECONDS;

/// What new words are sealed with.
#[derive(Clone, Debug)]
pub struct SealingKey {
    /// The generations in use.
    pub keys: KeyPair,
    /// The derived key.
    pub key: Arc<Secret>,
}

/// What a pair of keys opens to.
#[derive(Clone, Debug)]
pub enum OpeningKey {
    /// The derived key.
    Present(Arc<Secret>),
    /// One of the pair was destroyed.
    Destroyed,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    since: Time,
}

impl<V> Held<V> {
    /// A clock that was set back counts as too old: better one more read of the store.
    fn is_old(&self, now: Time) -> bool {
        now < self.since || now >= self.since.plus_seconds(SERVED_MAX_SECONDS)
    }
}

/// Both caches. Dropping a key wipes it.
#[derive(Debug)]
pub struct Cache {
    sealing: LruCache<Subjects, Held<SealingKey>>,
    opening: LruCache<KeyPair, Held<OpeningKey>>,
    forgotten: u64,
}

/// What [`Cache::epoch`] was before keys were loaded. If something was forgotten since, they are not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(u64);

impl Cache {
    /// Holds nothing.
    pub fn new() -> Self {
        Self { sealing: LruCache::new(PAIRS_HELD_MAX), opening: LruCache::new(PAIRS_HELD_MAX), forgotten: 0 }
    }

    /// To be taken before keys are loaded.
    pub const fn epoch(&self) -> Epoch {
        Epoch(self.forgotten)
    }

    /// The key for new words under these subjects' keys.
    pub fn sealing(&mut self, subjects: &Subjects, now: Time) -> Option<SealingKey> {
        fresh(&mut self.sealing, subjects, now)
    }

    /// The key for words under this pair.
    pub fn opening(&mut self, keys: &KeyPair, now: Time) -> Option<OpeningKey> {
        fresh(&mut self.opening, keys, now)
    }

    /// Keeps a key that was loaded since `epoch`, at `now`.
    pub fn keep_sealing(&mut self, subjects: Subjects, key: SealingKey, epoch: Epoch, now: Time) {
        if epoch == self.epoch() {
            self.sealing.put(subjects, Held { value: key, since: now });
        }
    }

    /// Keeps a key that was loaded since `epoch`, at `now`.
    pub fn keep_opening(&mut self, keys: KeyPair, key: OpeningKey, epoch: Epoch, now: Time) {
        if epoch == self.epoch() {
            self.opening.put(keys, Held { value: key, since: now });
        }
    }

    /// Drops every key in which one of these subjects has a part.
    pub fn forget(&mut self, subjects: &[Subject]) {
        self.forgotten += 1;
        let is_part = |author: Option<Subject>, scope: Subject| {
            subjects.contains(&scope) || author.is_some_and(|author| subjects.contains(&author))
        };
        drop_where(&mut self.sealing, |of, _| is_part(of.author, of.scope));
        drop_where(&mut self.opening, |of, _| is_part(of.author.map(|key| key.subject), of.scope.subject));
    }

    /// Drops every key that is too old to be served.
    pub fn sweep(&mut self, now: Time) {
        drop_where(&mut self.sealing, |_, held| held.is_old(now));
        drop_where(&mut self.opening, |_, held| held.is_old(now));
    }

    /// How many keys are held.
    pub fn held(&self) -> usize {
        self.sealing.len() + self.opening.len()
    }
}

impl Default for Cache {
    fn default() -> Self {
        Self::new()
    }
}

fn fresh<K: Hash + Eq, V: Clone>(cache: &mut LruCache<K, Held<V>>, key: &K, now: Time) -> Option<V> {
    let held = cache.get(key)?;
    if held.is_old(now) {
        cache.pop(key);
        return None;
    }
    Some(held.value.clone())
}

fn drop_where<K: Hash + Eq + Clone, V>(cache: &mut LruCache<K, Held<V>>, is_due: impl Fn(&K, &Held<V>) -> bool) {
    let due: Vec<K> = cache.iter().filter(|(key, held)| is_due(key, held)).map(|(key, _)| key.clone()).collect();
    for key in &due {
        cache.pop(key);
    }
}
