//! What sealing promises: words open where they were sealed and nowhere else, and never again once a key is destroyed.

mod cipher;
mod keys;
mod vault;
mod words;

use crate::seal::cipher::Unopened;
use crate::seal::keys::sqlite::SqliteKeys;
use crate::seal::keys::{KeyStore, KeysFault};
use crate::seal::vault::{Beside, Vault};
use crate::seal::wrapping::KeyEncryptionKey;
use domain::clock::{Clock, Time};
use domain::event::Event;
use domain::ids::LogId;
use domain::words::{Content, SealedField, Words, WordsFault};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tempfile::TempDir;
use uuid::Uuid;

/// A clock that stands until it is moved.
pub(super) struct StoppedClock(AtomicI64);

impl StoppedClock {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_735_689_600_000_000)))
    }

    pub(super) fn moves_by_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The log that destructions are told by.
pub(super) fn log() -> LogId {
    LogId::new(Uuid::from_u128(7))
}

/// A folder with a keys store in it.
pub(super) struct Safe {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<StoppedClock>,
}

impl Safe {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), clock: StoppedClock::new() }
    }

    pub(super) fn file(&self) -> PathBuf {
        self.folder.path().join("keys").join("keys.db")
    }

    pub(super) async fn store(&self) -> Arc<SqliteKeys> {
        Arc::new(SqliteKeys::open(&self.file()).await.unwrap())
    }

    pub(super) async fn vault_on(&self, store: Arc<dyn KeyStore>) -> Arc<Vault> {
        self.opened(store, Beside::NewLog).await.unwrap()
    }

    pub(super) async fn opened(&self, store: Arc<dyn KeyStore>, beside: Beside) -> Result<Arc<Vault>, KeysFault> {
        Vault::open(store, wrapping(), self.clock.clone(), beside).await
    }

    pub(super) async fn vault(&self) -> Arc<Vault> {
        self.vault_on(self.store().await).await
    }
}

pub(super) fn wrapping() -> KeyEncryptionKey {
    KeyEncryptionKey::new([0x5a; 32])
}

pub(super) async fn opened(vault: &Vault, field: &SealedField) -> Result<Content<Vec<u8>>, WordsFault> {
    let content = vault.open(std::slice::from_ref(field)).await?.pop().unwrap();
    Ok(content.map(|bytes| bytes.to_vec()))
}

/// The words field of a message, sealed.
pub(super) fn words_of(event: &Event) -> SealedField {
    match event {
        Event::MessageSent(event) => event.words.sealed().unwrap().clone(),
        other => panic!("{other:?}"),
    }
}

pub(super) type Opened = Result<Vec<u8>, Unopened>;
