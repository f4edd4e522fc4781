//! The vault beside its log: starts, destructions, hashes.

use super::{Safe, StoppedClock, log, opened, words_of};
use crate::codec::samples::sample;
use crate::seal::cache::{Cache, SealingKey};
use crate::seal::cipher::KeyPair;
use crate::seal::keys::{KeyStore, KeysFault};
use crate::seal::secret::Secret;
use crate::seal::vault::{Beside, Vault};
use crate::seal::wrapping::KeyEncryptionKey;
use domain::clock::Clock;
use domain::event::EventType;
use domain::ids::{Hash16, Position};
use domain::words::{Content, KeyRef, Purpose, SealedField, Subject, Words};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

const PURPOSES: [Purpose; 10] = [
    Purpose::Username,
    Purpose::DirectPair,
    Purpose::CommandEvent,
    Purpose::IdempotencyKey,
    Purpose::RequestBody,
    Purpose::Import,
    Purpose::RefreshToken,
    Purpose::SignIn,
    Purpose::Pseudonym,
    Purpose::Cursor,
];

async fn sealed_message(vault: &Vault) -> SealedField {
    let sample = sample(EventType::MessageSent);
    words_of(&vault.seal(&sample.stream, sample.id, sample.event).await.unwrap())
}

#[tokio::test]
async fn hashes_of_different_purposes_and_parts_never_meet() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let parts: [&[&[u8]]; 6] = [&[], &[b""], &[b"ab"], &[b"a", b"b"], &[b"", b"ab"], &[b"ab", b""]];
    let mut seen = BTreeSet::from([vault.check_value()]);
    for purpose in PURPOSES {
        for parts in parts {
            assert!(seen.insert(vault.hash(purpose, parts)), "{purpose:?} {parts:?}");
        }
    }
    let other = Safe::new();
    let other = other.vault().await;
    assert!(seen.insert(other.hash(Purpose::Username, &[b"ab"])), "another log has other hashes");
}

#[tokio::test]
async fn hashes_stay_the_same_after_a_start() {
    let safe = Safe::new();
    let first = safe.vault().await;
    let check = first.check_value();
    let hash = first.hash(Purpose::Username, &[b"alice"]);
    let second = safe.opened(safe.store().await, Beside::Log(check)).await.unwrap();
    assert_eq!(second.hash(Purpose::Username, &[b"alice"]), hash);
    assert_eq!(hash.uuid().get_version_num(), 8);
}

#[tokio::test]
async fn a_log_does_not_start_beside_another_keys_store_or_none() {
    let (safe, empty, another) = (Safe::new(), Safe::new(), Safe::new());
    let check = safe.vault().await.check_value();
    let none = empty.opened(empty.store().await, Beside::Log(check)).await;
    assert!(matches!(none.map(|_| ()), Err(KeysFault::NoneBesideLog)));
    another.vault().await;
    let other = another.opened(another.store().await, Beside::Log(check)).await;
    assert!(matches!(other.map(|_| ()), Err(KeysFault::AnotherLog)));
    assert_ne!(check, Hash16([0; 16]));
}

#[tokio::test]
async fn an_interrupted_first_start_is_taken_up() {
    let safe = Safe::new();
    let check = safe.vault().await.check_value();
    assert_eq!(safe.vault().await.check_value(), check, "the log's header was never written");
}

#[tokio::test]
async fn another_key_encryption_key_does_not_open_the_store() {
    let safe = Safe::new();
    safe.vault().await;
    let other = KeyEncryptionKey::new([0x5b; 32]);
    let opened = Vault::open(safe.store().await, other, safe.clock.clone(), Beside::NewLog).await;
    assert!(matches!(opened.map(|_| ()), Err(KeysFault::EncryptionKey)));
}

#[tokio::test]
async fn an_old_keys_store_cannot_bring_back_a_destroyed_key() {
    let safe = Safe::new();
    let store = safe.store().await;
    let vault = safe.vault_on(store.clone()).await;
    let check = vault.check_value();
    let field = sealed_message(&vault).await;
    vault.close().await;
    let backup = fs::read(safe.file()).unwrap();

    let store = safe.store().await;
    let vault = safe.opened(store.clone(), Beside::Log(check)).await.unwrap();
    vault.apply_destructions(&[field.author.unwrap()], log(), Position(7)).await.unwrap();
    assert_eq!(opened(&vault, &field).await.unwrap(), Content::Erased);
    drop(vault);
    store.close().await;
    fs::write(safe.file(), backup).unwrap();

    // What every start does, with the destructions that the log tells of.
    let vault = safe.opened(safe.store().await, Beside::Log(check)).await.unwrap();
    let before = opened(&vault, &field).await.unwrap();
    assert!(matches!(before, Content::Present(_)), "otherwise this test shows nothing");
    assert_eq!(vault.marked_up_to(log()).await.unwrap(), Position::START, "it says what it said then");
    assert_eq!(vault.apply_destructions(&[field.author.unwrap()], log(), Position(7)).await.unwrap(), 1);
    assert_eq!(opened(&vault, &field).await.unwrap(), Content::Erased);
    let every = [field.author.unwrap(), KeyRef { subject: Subject::Deployment, generation: 4 }];
    assert_eq!(vault.apply_destructions(&every, log(), Position(8)).await.unwrap(), 1, "the first is marked already");
    assert_eq!(vault.apply_destructions(&every, log(), Position(9)).await.unwrap(), 0, "applied once");
    assert_eq!(vault.marked_up_to(log()).await.unwrap(), Position(9));
    let next = sealed_message(&vault).await;
    assert_eq!(next.author.unwrap().generation, 2);
}

#[test]
fn a_key_that_was_loaded_before_a_destruction_is_not_kept_after_it() {
    let mut cache = Cache::new();
    let now = StoppedClock::new().now();
    let scope = KeyRef { subject: Subject::Deployment, generation: 1 };
    let key = SealingKey { keys: KeyPair { author: None, scope }, key: Arc::new(Secret::new([1; 32])) };
    let subjects = crate::codec::fields::Subjects::of(scope.subject);
    let epoch = cache.epoch();
    cache.forget(&[scope.subject]);
    cache.keep_sealing(subjects, key.clone(), epoch, now);
    assert!(cache.sealing(&subjects, now).is_none());
    let epoch = cache.epoch();
    cache.keep_sealing(subjects, key, epoch, now);
    assert!(cache.sealing(&subjects, now).is_some());
}
