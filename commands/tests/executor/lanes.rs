//! Lanes: batches, order, room, callers that go away.

use crate::house::{ALICE, BOB, CAROL, House, ROOM, another_process_appends, everybody_waits, say};
use bytes::Bytes;
use commands::command::{Command, Decided, Envelope, Idempotency};
use commands::context::{Context, Names, States};
use commands::execute::{Failure, PENDING_MAX_COMMANDS};
use commands::log::LogFault;
use commands::message::send_message::SendMessage;
use domain::event::Event;
use domain::limits::{BATCH_MAX_BYTES, BATCH_MAX_COMMANDS, CONFLICT_MAX_RETRIES};
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::words::Field;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;

#[tokio::test]
async fn what_arrives_during_an_append_is_appended_as_one_call_in_order() {
    let house = House::with_group().await;
    house.log.hold();
    let mut sent = vec![];
    for n in 0..21 {
        sent.push(house.begins(CAROL, say(&n.to_string())));
        everybody_waits().await;
    }
    house.log.release();
    for (n, sent) in sent.into_iter().enumerate() {
        let done = sent.await.unwrap().unwrap();
        assert_eq!(done.events[0].revision, n as u64);
        assert_eq!(done.position, done.events[0].position);
    }
    assert_eq!(*house.log.calls.lock(), [1, 20]);
}

#[tokio::test]
async fn a_list_is_executed_in_its_order_and_once() {
    let house = House::with_group().await;
    let list = |texts: &[&str]| {
        texts
            .iter()
            .map(|text| {
                let idempotency =
                    Idempotency { key: format!("key {text}"), body: Bytes::copy_from_slice(text.as_bytes()) };
                (say(text), Envelope { idempotency: Some(idempotency), ..Envelope::of(CAROL, Uuid::nil()) })
            })
            .collect::<Vec<_>>()
    };
    let done = house.executor.execute_in_order(list(&["0", "1", "2", "1", "3"])).await;
    let told: Vec<_> =
        done.into_iter().map(|one| one.unwrap()).map(|one| (one.events[0].revision, one.replayed)).collect();
    assert_eq!(told, [(0, false), (1, false), (2, false), (1, true), (3, false)]);
    let again = house.restarted().executor.execute_in_order(list(&["2", "4", "3", "5"])).await;
    let told: Vec<_> =
        again.into_iter().map(|one| one.unwrap()).map(|one| (one.events[0].revision, one.replayed)).collect();
    assert_eq!(told, [(2, true), (4, false), (3, true), (5, false)]);
    assert_eq!(house.messages().await.len(), 6);
}

#[tokio::test]
async fn what_a_list_is_refused_does_not_hold_up_the_rest_of_it() {
    let house = House::with_group().await;
    let list = vec![say("0"), SendMessage { reply_to: Some(9), ..say("no such message") }, say("1")];
    let list = list.into_iter().map(|command| (command, Envelope::of(CAROL, Uuid::nil()))).collect();
    let done = house.executor.execute_in_order(list).await;
    assert!(matches!(&done[1], Err(Failure::Refused(..))));
    assert_eq!((done[0].as_ref().unwrap().events[0].revision, done[2].as_ref().unwrap().events[0].revision), (0, 1));
}

fn keyed(texts: impl IntoIterator<Item = usize>) -> Vec<(SendMessage, Envelope)> {
    let one = |text: String| {
        let idempotency = Idempotency { key: format!("key {text}"), body: Bytes::copy_from_slice(text.as_bytes()) };
        (say(&text), Envelope { idempotency: Some(idempotency), ..Envelope::of(CAROL, Uuid::nil()) })
    };
    texts.into_iter().map(|number| one(number.to_string())).collect()
}

/// What Carol said.
async fn hers(house: &House) -> Vec<String> {
    let messages = house.messages().await;
    let texts = messages.iter().filter_map(|recorded| match &recorded.event {
        Event::MessageSent(e) if e.sender == CAROL => Some(e.words.clear()?.text.clone()),
        _ => None,
    });
    texts.collect()
}

fn numbers(up_to: usize) -> Vec<String> {
    (0..up_to).map(|number| number.to_string()).collect()
}

/// Another process writes to the room before each of the next appends.
pub fn meddles(house: &House, times: usize) {
    let left = AtomicUsize::new(times);
    house.log.meddle(move |log| {
        if left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok() {
            let said = MessageSent {
                sender: ALICE,
                reply_to: None,
                words: Field::Clear(MessageWords::default()),
                mentions: vec![],
                period: None,
            };
            another_process_appends(log, StreamName::timeline(ROOM), said);
        }
    });
}

#[tokio::test]
async fn a_list_that_others_overtake_keeps_its_order() {
    for times in 1..=CONFLICT_MAX_RETRIES {
        let house = House::with_group().await;
        meddles(&house, times);
        for done in house.executor.execute_in_order(keyed(0..20)).await {
            done.unwrap();
        }
        assert_eq!(hers(&house).await, numbers(20));
    }
}

#[tokio::test]
async fn after_one_of_a_list_that_is_overtaken_every_time_none_of_it_is_appended_until_it_is_repeated() {
    let house = House::with_group().await;
    for done in house.executor.execute_in_order(keyed(0..2)).await {
        done.unwrap();
    }
    meddles(&house, CONFLICT_MAX_RETRIES + 1);
    let mut told = house.executor.execute_in_order(keyed(0..20)).await.into_iter();
    assert!(told.by_ref().take(2).all(|done| done.unwrap().replayed));
    assert!(matches!(told.next(), Some(Err(Failure::Contended))));
    assert!(told.all(|done| matches!(done, Err(Failure::Overloaded))));
    assert_eq!(hers(&house).await, numbers(2));
    for done in house.executor.execute_in_order(keyed(0..20)).await {
        done.unwrap();
    }
    assert_eq!(hers(&house).await, numbers(20));
}

#[tokio::test]
async fn after_a_batch_of_a_list_that_the_log_failed_none_of_it_is_appended_until_it_is_repeated() {
    let house = House::with_group().await;
    let count = BATCH_MAX_COMMANDS + 50;
    house.log.hold();
    let listed = house.clone();
    let first = house.tracker.spawn(async move { listed.executor.execute_in_order(keyed(0..count)).await });
    everybody_waits().await;
    house.log.fail_next(LogFault::Full);
    house.log.release();
    let mut told = first.await.unwrap().into_iter();
    assert!(matches!(told.next(), Some(Err(Failure::Log(LogFault::Full)))));
    assert!(told.all(|done| matches!(done, Err(Failure::Overloaded))));
    assert!(hers(&house).await.is_empty());
    for done in house.executor.execute_in_order(keyed(0..count)).await {
        done.unwrap();
    }
    assert_eq!(hers(&house).await, numbers(count));
}

#[tokio::test]
async fn after_a_command_of_a_list_that_is_given_up_none_of_it_is_appended() {
    let house = House::with_group().await;
    let list = (0..3).map(|_| (Broken, Envelope::of(CAROL, Uuid::nil()))).collect();
    let told = house.executor.execute_in_order(list).await;
    assert!(matches!(told[0], Err(Failure::Aborted)));
    assert!(told[1..].iter().all(|done| matches!(done, Err(Failure::Aborted | Failure::Overloaded))));
    house.does(CAROL, say("hi")).await.unwrap();
}

#[tokio::test]
async fn lanes_of_different_streams_do_not_wait_for_each_other() {
    let house = House::with_group().await;
    house.log.hold();
    let sent = house.begins(CAROL, say("hi"));
    let removed = commands::conversation::remove_member::RemoveMember { conversation: ROOM, account: BOB };
    let removed = house.begins(ALICE, removed);
    everybody_waits().await;
    assert_eq!(*house.log.calls.lock(), [1, 1]);
    house.log.release();
    sent.await.unwrap().unwrap();
    removed.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_batch_has_a_greatest_number_of_commands() {
    let house = House::with_group().await;
    house.log.hold();
    let sent: Vec<_> = (0..BATCH_MAX_COMMANDS + 11).map(|_| house.begins(CAROL, say("hi"))).collect();
    everybody_waits().await;
    house.log.release();
    for sent in sent {
        sent.await.unwrap().unwrap();
    }
    assert_eq!(*house.log.calls.lock(), [1, BATCH_MAX_COMMANDS, 10]);
}

#[tokio::test]
async fn a_batch_has_a_greatest_number_of_bytes() {
    let house = House::with_group().await;
    house.log.hold();
    let long = "x".repeat(10_000);
    let sent: Vec<_> = (0..101).map(|_| house.begins(CAROL, say(&long))).collect();
    everybody_waits().await;
    house.log.release();
    for sent in sent {
        sent.await.unwrap().unwrap();
    }
    let fit = BATCH_MAX_BYTES / say(&long).bytes();
    assert_eq!(*house.log.calls.lock(), [1, fit, 100 - fit]);
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_back_nothing() {
    let house = House::with_group().await;
    house.log.hold();
    let first = house.begins(CAROL, say("in flight"));
    everybody_waits().await;
    let second = house.begins(CAROL, say("queued"));
    everybody_waits().await;
    first.abort();
    second.abort();
    everybody_waits().await;
    house.log.release();
    house.tracker.close();
    house.tracker.wait().await;
    assert_eq!(house.messages().await.len(), 2);
}

#[tokio::test]
async fn one_command_too_many_is_refused_as_overload() {
    let house = House::with_group().await;
    house.log.hold();
    let pending: Vec<_> = (0..PENDING_MAX_COMMANDS).map(|_| house.begins(CAROL, say("hi"))).collect();
    everybody_waits().await;
    assert!(matches!(house.does(CAROL, say("hi")).await, Err(Failure::Overloaded)));
    house.log.release();
    for sent in pending {
        sent.await.unwrap().unwrap();
    }
    house.does(CAROL, say("hi")).await.unwrap();
}

#[tokio::test]
async fn a_fault_of_the_log_fails_what_was_appended_and_nothing_later() {
    let house = House::with_group().await;
    house.log.fail_next(LogFault::Full);
    assert!(matches!(house.does(CAROL, say("hi")).await, Err(Failure::Log(LogFault::Full))));
    assert_eq!(house.does(CAROL, say("hi")).await.unwrap().events[0].revision, 0);
}

struct Broken;

impl Command for Broken {
    fn name(&self) -> &'static str {
        "Broken"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::timeline(ROOM)
    }

    fn decide(&self, _states: &States, _context: &Context<'_>) -> Decided {
        panic!("a broken decision")
    }
}

#[tokio::test]
async fn a_decision_that_panics_does_not_block_its_lane() {
    let house = House::with_group().await;
    assert!(matches!(house.does(CAROL, Broken).await, Err(Failure::Aborted)));
    house.does(CAROL, say("hi")).await.unwrap();
}

#[tokio::test]
async fn what_was_appended_is_known_to_the_next_command() {
    let house = House::with_group().await;
    house.does(CAROL, say("one")).await.unwrap();
    let reply = commands::message::send_message::SendMessage { reply_to: Some(1), ..say("two") };
    house.does(BOB, reply).await.unwrap();
}
