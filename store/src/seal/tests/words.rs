//! Words of events, sealed and opened by a vault.

use super::{Safe, opened, words_of};
use crate::codec;
use crate::codec::samples::{alice, bob, room, sample, sealed_fields};
use crate::seal::cache::{KEY_IN_MEMORY_MAX_SECONDS, SWEEP_EVERY_SECONDS};
use crate::seal::keys::KeysFault;
use crate::seal::sealing::{Tried, Unsealed};
use crate::seal::vault::Vault;
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId, Position, StoryId};
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::words::{Content, Field, KeyRef, SealedField, Subject, Words, WordsFault};
use prost::Message;
use uuid::Uuid;

type Change = fn(&mut SealedField);

fn message(text: &str) -> MessageWords {
    MessageWords { text: text.into(), client_ref: None, ciphertext: None }
}

async fn sent_by(vault: &Vault, sender: AccountId, text: &str) -> SealedField {
    sent_in(vault, sender, text, None).await
}

async fn sent_in(vault: &Vault, sender: AccountId, text: &str, period: Option<u32>) -> SealedField {
    let event = MessageSent { sender, reply_to: None, words: Field::Clear(message(text)), mentions: vec![], period };
    let id = EventId::new(Uuid::now_v7());
    words_of(&vault.seal(&StreamName::timeline(room()), id, event.into()).await.unwrap())
}

fn text(words: &str) -> Content<Vec<u8>> {
    Content::Present(message(words).encode_to_vec())
}

#[tokio::test]
async fn every_event_is_sealed_written_read_and_opened() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    for &event_type in EventType::ALL {
        let sample = sample(event_type);
        let sealed = vault.seal(&sample.stream, sample.id, sample.event.clone()).await.unwrap();
        let payload = codec::encode(&sealed).unwrap();
        let version = codec::schema_version(event_type);
        let read = codec::decode(&sample.stream, sample.id, event_type.as_str(), version, payload.into()).unwrap();
        assert_eq!(read, sealed);
        let fields = sealed_fields(&read, &sample.stream);
        for content in vault.open(&fields).await.unwrap() {
            let words = content.present().unwrap();
            let mark = codec::samples::MARK.as_bytes();
            assert!(words.windows(mark.len()).any(|window| window == mark), "{event_type}");
        }
    }
}

#[tokio::test]
async fn fields_are_opened_in_their_order() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let fields =
        [sent_by(&vault, alice(), "1").await, sent_by(&vault, bob(), "2").await, sent_by(&vault, alice(), "3").await];
    let other = safe.vault().await;
    let opened: Vec<_> =
        other.open(&fields).await.unwrap().into_iter().map(|content| content.map(|b| b.to_vec())).collect();
    assert_eq!(opened, [text("1"), text("2"), text("3")]);
    assert!(vault.open(&[]).await.unwrap().is_empty());
}

/// Killed mutant: associated data that is left empty.
#[tokio::test]
async fn a_field_does_not_open_at_another_place() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let field = sent_by(&vault, alice(), "Hello").await;
    let changes: [(&str, Change); 6] = [
        ("stream", |f| f.stream = StreamName::timeline(ConversationId::new(Uuid::from_u128(1)))),
        ("event", |f| f.event = EventId::new(Uuid::from_u128(1))),
        ("type", |f| f.event_type = EventType::MessageEdited),
        ("version", |f| f.schema_version = 2),
        ("field", |f| f.field = 2),
        ("bytes", |f| f.bytes = f.bytes.slice(..30)),
    ];
    for (what, change) in changes {
        let mut moved = field.clone();
        change(&mut moved);
        let fault = opened(&vault, &moved).await.unwrap_err();
        assert!(matches!(fault, WordsFault::Damaged(event) if event == moved.event), "another {what}: {fault}");
    }
    assert_eq!(opened(&vault, &field).await.unwrap(), text("Hello"));
}

#[tokio::test]
async fn a_field_does_not_open_under_another_generation() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let first = sent_by(&vault, alice(), "first").await;
    let author = first.author.unwrap();
    vault.destroy(&[author]).await.unwrap();
    let second = sent_by(&vault, alice(), "second").await;
    assert_eq!(second.author, Some(KeyRef { generation: 2, ..author }), "a destroyed key is never used again");
    assert_eq!(opened(&vault, &first).await.unwrap(), Content::Erased);
    assert_eq!(opened(&vault, &second).await.unwrap(), text("second"));
    let disguised = SealedField { author: second.author, ..first };
    assert!(matches!(opened(&vault, &disguised).await, Err(WordsFault::Damaged(_))));
}

#[tokio::test]
async fn a_period_has_its_own_key_whatever_comes_after() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let subject = Subject::Messages(room());
    let (old, new) = (KeyRef { subject, generation: 20_000 }, KeyRef { subject, generation: 20_001 });
    let first = sent_in(&vault, alice(), "first", Some(20_000)).await;
    let later = sent_in(&vault, alice(), "later", Some(20_001)).await;
    // An edit of the first message, from a vault that holds no keys yet, too.
    let other = safe.vault().await;
    let edit = sent_in(&other, bob(), "edit", Some(20_000)).await;
    assert_eq!((first.scope, later.scope, edit.scope), (old, new, old));
    vault.destroy(&[old]).await.unwrap();
    for gone in [&first, &edit] {
        assert_eq!(opened(&vault, gone).await.unwrap(), Content::Erased);
    }
    assert_eq!(opened(&vault, &later).await.unwrap(), text("later"));
}

#[tokio::test]
async fn what_is_sealed_in_a_period_that_is_over_opens_nowhere() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let key = KeyRef { subject: Subject::Messages(room()), generation: 20_000 };
    sent_in(&vault, alice(), "first", Some(20_000)).await;
    vault.destroy(&[key]).await.unwrap();
    let other = safe.vault().await;
    for vault in [&vault, &other] {
        let late = sent_in(vault, alice(), "late", Some(20_000)).await;
        assert_eq!((late.scope, opened(vault, &late).await.unwrap()), (key, Content::Erased));
    }
    assert_eq!(other.apply_destructions(&[key], super::log(), Position(9)).await.unwrap(), 0);
}

#[tokio::test]
async fn destroying_either_key_erases() {
    for destroy_author in [true, false] {
        let safe = Safe::new();
        let vault = safe.vault().await;
        let hers = sent_by(&vault, alice(), "hers").await;
        let his = sent_by(&vault, bob(), "his").await;
        let key = if destroy_author { hers.author.unwrap() } else { hers.scope };
        vault.destroy(&[key]).await.unwrap();
        assert_eq!(opened(&vault, &hers).await.unwrap(), Content::Erased);
        let his = opened(&vault, &his).await.unwrap();
        assert_eq!(his, if destroy_author { text("his") } else { Content::Erased });
    }
}

#[tokio::test]
async fn a_missing_key_that_was_never_destroyed_is_a_fault() {
    let (safe, empty) = (Safe::new(), Safe::new());
    let field = sent_by(safe.vault().await.as_ref(), alice(), "Hello").await;
    let other = empty.vault().await;
    let fault = opened(&other, &field).await.unwrap_err();
    let author = Subject::Account(alice());
    assert!(matches!(fault, WordsFault::KeyMissing(subject, 1) if subject == author), "{fault}");
    other.apply_destructions(&[field.scope], super::log(), Position(9)).await.unwrap();
    let erased = opened(&other, &field).await.unwrap();
    assert_eq!(erased, Content::Erased, "that the scope's key was destroyed is enough");
}

#[tokio::test]
async fn one_fault_fails_the_whole_call() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let good = sent_by(&vault, alice(), "good").await;
    let missing =
        SealedField { author: Some(KeyRef { subject: Subject::Account(bob()), generation: 9 }), ..good.clone() };
    assert!(matches!(vault.open(&[good, missing]).await, Err(WordsFault::KeyMissing(_, 9))));
}

#[tokio::test]
async fn the_first_try_waits_for_keys_and_later_ones_do_not() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let sample = sample(EventType::MessageSent);
    let tried = vault.try_seal(&sample.stream, sample.id, sample.event.clone()).unwrap();
    assert!(matches!(tried, Tried::Waits { ref keys, .. } if keys.len() == 1));
    vault.seal(&sample.stream, sample.id, sample.event.clone()).await.unwrap();
    let tried = vault.try_seal(&sample.stream, sample.id, sample.event.clone()).unwrap();
    assert!(matches!(tried, Tried::Sealed(_)));
    let no_words = codec::samples::sample(EventType::ReadMoved);
    assert!(matches!(vault.try_seal(&no_words.stream, no_words.id, no_words.event).unwrap(), Tried::Sealed(_)));
}

#[tokio::test]
async fn many_events_are_sealed_together_in_their_order() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let events: Vec<_> = EventType::ALL
        .iter()
        .map(|event_type| {
            let sample = sample(*event_type);
            Unsealed { stream: sample.stream, id: sample.id, event: sample.event }
        })
        .collect();
    for _warm in [false, true] {
        let sealed = vault.seal_all(events.clone()).await.unwrap();
        let types: Vec<_> = sealed.iter().map(Event::event_type).collect();
        assert_eq!(types, EventType::ALL);
        assert!(sealed.iter().all(|event| codec::encode(event).is_ok()));
    }
    assert!(vault.seal_all(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn equal_words_are_never_sealed_alike() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let sample = sample(EventType::MessageSent);
    let first = vault.seal(&sample.stream, sample.id, sample.event.clone()).await.unwrap();
    let second = vault.seal(&sample.stream, sample.id, sample.event).await.unwrap();
    assert_ne!(words_of(&first).bytes, words_of(&second).bytes);
}

#[tokio::test]
async fn sealed_words_pass_at_their_own_place_only() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let sample = sample(EventType::MessageSent);
    let sealed = vault.seal(&sample.stream, sample.id, sample.event).await.unwrap();
    assert_eq!(vault.seal(&sample.stream, sample.id, sealed.clone()).await.unwrap(), sealed);
    let elsewhere = vault.seal(&sample.stream, EventId::new(Uuid::from_u128(1)), sealed).await;
    assert!(matches!(elsewhere, Err(KeysFault::Misplaced(_))));
}

#[tokio::test]
async fn an_event_in_a_stream_of_another_kind_is_not_sealed() {
    let safe = Safe::new();
    let vault = safe.vault().await;
    let sample = sample(EventType::MessageSent);
    let stream = StreamName::story(StoryId::new(Uuid::from_u128(1)));
    assert!(matches!(vault.seal(&stream, sample.id, sample.event).await, Err(KeysFault::Misplaced(_))));
}

#[tokio::test]
async fn two_vaults_that_make_one_key_at_once_open_each_others_words() {
    let safe = Safe::new();
    let (store, second_store) = (safe.store().await, safe.store().await);
    let (one, other) = tokio::join!(safe.vault_on(store), safe.vault_on(second_store));
    assert_eq!(one.check_value(), other.check_value(), "the hash key too was made once");
    for _ in 0..20 {
        let sender = AccountId::new(Uuid::now_v7());
        let (first, second) = tokio::join!(sent_by(&one, sender, "first"), sent_by(&other, sender, "second"));
        assert_eq!(opened(&other, &first).await.unwrap(), text("first"));
        assert_eq!(opened(&one, &second).await.unwrap(), text("second"));
    }
}

#[tokio::test]
async fn keys_leave_memory_after_a_minute_and_when_forgotten() {
    let safe = Safe::new();
    let (vault, elsewhere) = (safe.vault().await, safe.vault().await);
    let field = sent_by(&vault, alice(), "Hello").await;
    assert_eq!(opened(&vault, &field).await.unwrap(), text("Hello"));
    // Another process destroys the key and this one hears nothing of it.
    elsewhere.destroy(&[field.scope]).await.unwrap();
    assert_eq!(opened(&vault, &field).await.unwrap(), text("Hello"), "from memory");
    vault.forget(&[field.scope.subject]);
    assert_eq!(vault.cache.lock().held(), 0);
    assert_eq!(opened(&vault, &field).await.unwrap(), Content::Erased);

    let field = sent_by(&vault, bob(), "Hi").await;
    assert_eq!(opened(&vault, &field).await.unwrap(), text("Hi"));
    elsewhere.destroy(&[field.author.unwrap()]).await.unwrap();
    safe.clock.moves_by_seconds(KEY_IN_MEMORY_MAX_SECONDS - SWEEP_EVERY_SECONDS);
    assert_eq!(opened(&vault, &field).await.unwrap(), Content::Erased, "without having heard, a minute later");
    safe.clock.moves_by_seconds(KEY_IN_MEMORY_MAX_SECONDS - SWEEP_EVERY_SECONDS);
    let now = domain::clock::Clock::now(safe.clock.as_ref());
    vault.cache.lock().sweep(now);
    assert_eq!(vault.cache.lock().held(), 0, "swept");
}

#[tokio::test]
async fn a_clock_that_was_set_back_does_not_lengthen_a_keys_life() {
    let safe = Safe::new();
    let (vault, elsewhere) = (safe.vault().await, safe.vault().await);
    let field = sent_by(&vault, alice(), "Hello").await;
    opened(&vault, &field).await.unwrap();
    elsewhere.destroy(&[field.scope]).await.unwrap();
    safe.clock.moves_by_seconds(-3_600);
    assert_eq!(opened(&vault, &field).await.unwrap(), Content::Erased);
}
