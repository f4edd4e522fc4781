//! Both keys stores keep the same promises.

use super::{Safe, wrapping};
use crate::codec::samples::sample;
use crate::seal::keys::postgres::PostgresKeys;
use crate::seal::keys::{Kept, KeyStore};
use crate::seal::secret::Secret;
use crate::seal::vault::{Beside, Vault};
use crate::seal::wrapping::Wrapped;
use domain::event::EventType;
use domain::ids::{AccountId, LogId, Position, StoryId};
use domain::words::{KeyRef, Subject, Words};
use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use uuid::Uuid;

fn wrapped(byte: u8) -> Wrapped {
    Wrapped(vec![byte; 72])
}

async fn keeps_its_promises(store: &dyn KeyStore) {
    let account = Subject::Account(AccountId::new(Uuid::now_v7()));
    let story = Subject::Story(StoryId::new(Uuid::now_v7()));
    let key = |subject, generation| KeyRef { subject, generation };
    let (first, second, of_story) = (key(account, 1), key(account, 2), key(story, 1));
    assert_eq!(store.get(&[first, of_story]).await.unwrap(), [Kept::Unknown, Kept::Unknown]);
    assert_eq!(store.newest(&[account, story]).await.unwrap(), [None, None]);
    assert!(store.get(&[]).await.unwrap().is_empty());

    store.insert(&[(second, wrapped(2)), (first, wrapped(1))]).await.unwrap();
    store.insert(&[(first, wrapped(9)), (of_story, wrapped(3))]).await.unwrap();
    let kept = store.get(&[of_story, first, second]).await.unwrap();
    assert_eq!(kept, [3, 1, 2].map(|byte| Kept::Wrapped(wrapped(byte))), "the first wins");
    let newest = store.newest(&[story, account]).await.unwrap();
    assert_eq!(newest, [Some((1, Kept::Wrapped(wrapped(3)))), Some((2, Kept::Wrapped(wrapped(2))))]);

    let unknown = key(story, 7);
    store.destroy(&[first, unknown, first]).await.unwrap();
    store.destroy(&[first]).await.unwrap();
    store.insert(&[(first, wrapped(1)), (unknown, wrapped(7))]).await.unwrap();
    let kept = store.get(&[first, second, unknown]).await.unwrap();
    assert_eq!(kept, [Kept::Destroyed, Kept::Wrapped(wrapped(2)), Kept::Destroyed], "destroyed for ever");
    assert_eq!(store.newest(&[story]).await.unwrap(), [Some((7, Kept::Destroyed))]);
    let destroyed: BTreeSet<_> = store.destroyed().await.unwrap().into_iter().collect();
    assert_eq!(destroyed, BTreeSet::from([first, unknown]));

    let logs = [LogId::new(Uuid::now_v7()), LogId::new(Uuid::now_v7())];
    assert_eq!(store.marked_up_to(logs[0]).await.unwrap(), Position::START);
    store.mark_up_to(logs[0], Position(7)).await.unwrap();
    store.mark_up_to(logs[0], Position(9)).await.unwrap();
    assert_eq!(store.marked_up_to(logs[0]).await.unwrap(), Position(9));
    assert_eq!(store.marked_up_to(logs[1]).await.unwrap(), Position::START, "each log has its own");

    store.insert_hash_key(&wrapped(1)).await.unwrap();
    let hash_key = store.hash_key().await.unwrap();
    store.insert_hash_key(&wrapped(2)).await.unwrap();
    assert!(hash_key.is_some());
    assert_eq!(store.hash_key().await.unwrap(), hash_key, "the first wins");
}

#[tokio::test]
async fn the_sqlite_keys_store_keeps_its_promises() {
    let safe = Safe::new();
    keeps_its_promises(safe.store().await.as_ref()).await;
}

/// In a database of its own on the server of `TIDINGS_TEST_POSTGRES`, which other tests use at the same time.
#[tokio::test]
async fn the_postgres_keys_store_keeps_its_promises() {
    #[expect(clippy::disallowed_methods, reason = "tests/run says where its PostgreSQL is")]
    let Ok(url) = std::env::var("TIDINGS_TEST_POSTGRES") else {
        writeln!(std::io::stderr(), "skipped: TIDINGS_TEST_POSTGRES names no server (tests/run brings one)").unwrap();
        return;
    };
    let server = sqlx::PgPool::connect(&url).await.unwrap();
    let name = format!("tidings_keys_test_{}", Uuid::now_v7().as_simple());
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&server).await.unwrap();
    let (base, _) = url.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    let (store, second) = tokio::join!(PostgresKeys::open(&url), PostgresKeys::open(&url));
    let (store, second) = (Arc::new(store.unwrap()), second.unwrap());
    keeps_its_promises(store.as_ref()).await;
    second.close().await;
    sqlx::query("DELETE FROM tidings_keys.hash_key")
        .execute(&sqlx::PgPool::connect(&url).await.unwrap())
        .await
        .unwrap();
    let clock = super::StoppedClock::new();
    let vault = Vault::open(store.clone(), wrapping(), clock.clone(), Beside::NewLog).await.unwrap();
    let sample = sample(EventType::MessageSent);
    let sealed = vault.seal(&sample.stream, sample.id, sample.event).await.unwrap();
    let again = Vault::open(store.clone(), wrapping(), clock, Beside::Log(vault.check_value())).await.unwrap();
    let words = again.open(&[super::words_of(&sealed)]).await.unwrap().pop().unwrap();
    assert!(words.present().is_some());
    store.close().await;
    sqlx::query(sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"))).execute(&server).await.unwrap();
}

#[tokio::test]
async fn a_wrapped_key_cannot_stand_for_another() {
    let kek = wrapping();
    let key = KeyRef { subject: Subject::Deployment, generation: 1 };
    let wrapped = kek.wrap_subject_key(key, &Secret::new([4; 32])).unwrap();
    assert_eq!(kek.unwrap_subject_key(key, &wrapped).unwrap().bytes(), &[4; 32]);
    assert!(kek.unwrap_subject_key(KeyRef { generation: 2, ..key }, &wrapped).is_err());
    assert!(kek.unwrap_hash_key(&wrapped).is_err());
}

/// Everything that the keys store has on disk.
fn on_disk(safe: &Safe) -> Vec<u8> {
    let folder = safe.file().parent().unwrap().to_owned();
    fs::read_dir(folder).unwrap().flat_map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn the_disk_holds_wrapped_keys_only_and_of_destroyed_ones_nothing() {
    let safe = Safe::new();
    let store = safe.store().await;
    let vault = safe.vault_on(store.clone()).await;
    let sample = sample(EventType::MessageSent);
    let field = super::words_of(&vault.seal(&sample.stream, sample.id, sample.event).await.unwrap());
    let names = [field.author.unwrap(), field.scope];
    let mut at_rest = Vec::new();
    for (name, kept) in names.iter().zip(store.get(&names).await.unwrap()) {
        let Kept::Wrapped(wrapped) = kept else { panic!("{kept:?}") };
        let key = wrapping().unwrap_subject_key(*name, &wrapped).unwrap();
        assert!(holds(&on_disk(&safe), &wrapped.0), "otherwise this test looks at the wrong place");
        assert!(!holds(&on_disk(&safe), key.bytes()));
        at_rest.push(wrapped);
    }
    let hash_key = wrapping().unwrap_hash_key(&store.hash_key().await.unwrap().unwrap()).unwrap();
    assert!(!holds(&on_disk(&safe), hash_key.bytes()));
    vault.destroy(&[names[0]]).await.unwrap();
    assert!(!holds(&on_disk(&safe), &at_rest[0].0));
    assert!(holds(&on_disk(&safe), &at_rest[1].0));
}

#[tokio::test]
async fn only_its_owner_can_read_the_file() {
    let safe = Safe::new();
    let folder = safe.file().parent().unwrap().to_owned();
    let _store = safe.store().await;
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
    }
}
