//! The vault: everything that needs a key. It seals new words, opens old ones, hashes what must not stand in clear, and
//! destroys keys.

use crate::seal::cache::{Cache, SWEEP_EVERY_SECONDS};
use crate::seal::cipher::put;
use crate::seal::keys::{KeyStore, KeysFault};
use crate::seal::secret::Secret;
use crate::seal::wrapping::KeyEncryptionKey;
use domain::clock::Clock;
use domain::ids::{Hash16, LogId, Position};
use domain::words::{KeyRef, Purpose, Subject};
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Goes through the same framing as the purposes' names and is none of them; never changed.
const CHECK_VALUE_NAME: &str = "check value of the log's hash key";

/// The log that a vault is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// It is about to be made: the hash key is made with it, unless an earlier start was interrupted after making it.
    NewLog,
    /// It exists, and this check value stands in its header.
    Log(Hash16),
}

/// Seals and opens words under the keys of one keys store.
pub struct Vault {
    pub(super) store: Arc<dyn KeyStore>,
    pub(super) wrapping: KeyEncryptionKey,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) cache: Mutex<Cache>,
    hash_key: Secret,
}

impl Vault {
    /// Opens the keys store for a log.
    ///
    /// # Errors
    /// When the store is not the one that the log was made with, the key-encryption key is another one, or the store
    /// does not answer.
    pub async fn open(
        store: Arc<dyn KeyStore>,
        wrapping: KeyEncryptionKey,
        clock: Arc<dyn Clock>,
        beside: Beside,
    ) -> Result<Arc<Self>, KeysFault> {
        let hash_key = match (store.hash_key().await?, beside) {
            (Some(wrapped), _) => wrapping.unwrap_hash_key(&wrapped)?,
            (None, Beside::Log(_)) => return Err(KeysFault::NoneBesideLog),
            (None, Beside::NewLog) => make_hash_key(store.as_ref(), &wrapping).await?,
        };
        let vault = Self { store, wrapping, clock, cache: Mutex::new(Cache::new()), hash_key };
        match beside {
            Beside::Log(check) if check != vault.check_value() => Err(KeysFault::AnotherLog),
            Beside::Log(_) | Beside::NewLog => Ok(Arc::new(vault)),
        }
    }

    /// What the log's header keeps to know this keys store again: a keyed hash of a constant.
    pub fn check_value(&self) -> Hash16 {
        keyed_hash(&self.hash_key, CHECK_VALUE_NAME, &[])
    }

    /// Asks the store, and sees that it is still the same.
    ///
    /// # Errors
    /// When it does not answer or holds something else.
    pub async fn ping(&self) -> Result<(), KeysFault> {
        let kept = self.store.hash_key().await?.ok_or(KeysFault::Foreign)?;
        let same = self.wrapping.unwrap_hash_key(&kept)?.bytes() == self.hash_key.bytes();
        if same { Ok(()) } else { Err(KeysFault::AnotherLog) }
    }

    pub(super) fn keyed_hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16 {
        keyed_hash(&self.hash_key, purpose.as_str(), parts)
    }

    /// Destroys keys for ever: in the store first, then in this process's memory. The event that says so is appended by
    /// whoever calls this, before the call.
    ///
    /// # Errors
    /// When the store does not answer; then the keys may be there still.
    pub async fn destroy(&self, keys: &[KeyRef]) -> Result<(), KeysFault> {
        let done = self.store.destroy(keys).await;
        let subjects: Vec<_> = keys.iter().map(|key| key.subject).collect();
        self.forget(&subjects);
        done
    }

    /// From where the log has to be searched for destructions at a start: those up to there are marked in the keys store.
    /// One that was brought back from a backup names the place it had reached then, so it cannot bring back a key.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn marked_up_to(&self, log: LogId) -> Result<Position, KeysFault> {
        self.store.marked_up_to(log).await
    }

    /// Destroys again what the log says was destroyed, at every start and before anything is opened or sealed. `keys` are
    /// all of them between [`Vault::marked_up_to`] and `position`. Gives how many were not marked as destroyed.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn apply_destructions(
        &self,
        keys: &[KeyRef],
        log: LogId,
        position: Position,
    ) -> Result<usize, KeysFault> {
        let known: BTreeSet<_> = self.store.destroyed().await?.into_iter().collect();
        let due: Vec<_> = keys.iter().copied().filter(|key| !known.contains(key)).collect();
        if !due.is_empty() {
            self.destroy(&due).await?;
        }
        self.store.mark_up_to(log, position).await?;
        Ok(due.len())
    }

    /// Says that every destruction up to `position` was applied.
    ///
    /// # Errors
    /// When the store does not answer; then the next start searches from the mark before.
    pub async fn mark_up_to(&self, log: LogId, position: Position) -> Result<(), KeysFault> {
        self.store.mark_up_to(log, position).await
    }

    /// Closes the keys store once running calls have ended. Without it the last connection to a file closes later by itself,
    /// and removes by its name a side file that may belong to what was put there meanwhile.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// Drops these subjects' keys from memory, because another process destroyed one.
    pub fn forget(&self, subjects: &[Subject]) {
        self.cache.lock().forget(subjects);
    }

    /// Drops keys from memory that nobody asked for again, until `stop`. The composition root runs it as a task.
    pub async fn sweep_until(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(Duration::from_secs(SWEEP_EVERY_SECONDS.unsigned_abs()));
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => self.cache.lock().sweep(self.clock.now()),
            }
        }
    }
}

async fn make_hash_key(store: &dyn KeyStore, wrapping: &KeyEncryptionKey) -> Result<Secret, KeysFault> {
    let made = Secret::random().map_err(KeysFault::Random)?;
    store.insert_hash_key(&wrapping.wrap_hash_key(&made)?).await?;
    // Another process may have been first: what the store holds is the key.
    let kept = store.hash_key().await?.ok_or(KeysFault::Foreign)?;
    wrapping.unwrap_hash_key(&kept)
}

/// BLAKE3, keyed, over the name and the parts, each framed by its length; the first 16 bytes.
fn keyed_hash(key: &Secret, name: &str, parts: &[&[u8]]) -> Hash16 {
    let mut framed = Vec::with_capacity(128);
    put(&mut framed, name.as_bytes());
    for part in parts {
        put(&mut framed, part);
    }
    let hash = blake3::keyed_hash(key.bytes(), &framed);
    let mut short = [0; 16];
    short.copy_from_slice(&hash.as_bytes()[..16]);
    Hash16(short)
}
