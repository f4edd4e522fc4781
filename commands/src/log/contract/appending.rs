//! Expectations, checks, atomic units, duplicates, sizes, envelopes.

use super::{
    Subject, checked, committed, conflict, conversation, new, new_of, positions, revisions, stream, unit, write,
};
use crate::log::{Appended, Expected, Unit};
use domain::clock::{Clock, Time};
use domain::ids::{AccountId, EventId, Hash16, Position};
use domain::limits::EVENT_MAX_BYTES;
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::recorded::Fingerprint;
use domain::source::{Direction, Filter};
use domain::words::Field;
use tokio::task::JoinSet;
use uuid::Uuid;

pub(super) async fn an_expectation_that_holds_commits(subject: Subject) {
    let one = stream(1);
    let first = subject.commit(unit(one.clone(), Expected::NoStream, [new(), new()])).await;
    assert_eq!(revisions(&first), [0, 1]);
    assert!(first[0].position >= Position(1) && first[0].position < first[1].position);
    let second = subject.commit(unit(one.clone(), Expected::Exactly(1), [new()])).await;
    assert_eq!(revisions(&second), [2]);
    let third = subject.commit(unit(one.clone(), Expected::Any, [new()])).await;
    assert_eq!(revisions(&third), [3]);
    assert_eq!(subject.log.head(), third[0].position);
    assert_eq!(subject.commit(unit(stream(2), Expected::Any, [new()])).await[0].revision, 0);
}

pub(super) async fn an_expectation_that_does_not_hold_changes_nothing(subject: Subject) {
    let one = stream(1);
    subject.fill(one.clone(), 2).await;
    let head = subject.log.head();
    for wrong in [Expected::NoStream, Expected::Exactly(0), Expected::Exactly(2)] {
        let fallen = subject.append([unit(one.clone(), wrong, [new()])]).await.remove(0);
        assert_eq!(conflict(fallen), (one.clone(), Some(1)), "{wrong:?}");
    }
    let fallen = subject.append([unit(stream(2), Expected::Exactly(0), [new()])]).await.remove(0);
    assert_eq!(conflict(fallen), (stream(2), None));
    assert_eq!((subject.log.head(), subject.revision(stream(2)).await), (head, None));
}

pub(super) async fn a_check_that_does_not_hold_changes_nothing(subject: Subject) {
    let watched = conversation(1);
    subject.fill(watched.clone(), 1).await;
    let of = |expected| checked(unit(stream(1), Expected::Any, [new()]), watched.clone(), expected);
    let fallen = subject.append([of(Expected::NoStream)]).await.remove(0);
    assert_eq!(conflict(fallen), (watched.clone(), Some(0)));
    assert_eq!(subject.revision(stream(1)).await, None);
    subject.commit(of(Expected::Exactly(0))).await;
    subject.commit(of(Expected::Any)).await;
    subject.commit(checked(of(Expected::Exactly(0)), conversation(2), Expected::NoStream)).await;
    assert_eq!(subject.revision(stream(1)).await, Some(2));
    // A check writes nothing.
    assert_eq!(subject.revision(watched).await, Some(0));
    assert_eq!(subject.revision(conversation(2)).await, None);
}

pub(super) async fn a_unit_is_in_the_log_as_a_whole_or_not_at_all(subject: Subject) {
    subject.fill(stream(2), 1).await;
    let both = |expected| Unit {
        writes: vec![write(stream(1), Expected::NoStream, [new()]), write(stream(2), expected, [new(), new()])],
        checks: vec![],
    };
    let fallen = subject.append([both(Expected::NoStream)]).await.remove(0);
    assert_eq!(conflict(fallen), (stream(2), Some(0)));
    assert_eq!(subject.revision(stream(1)).await, None);
    let events = subject.commit(both(Expected::Exactly(0))).await;
    assert_eq!(revisions(&events), [0, 1, 2]);
    let streams: Vec<_> = events.iter().map(|event| event.stream.clone()).collect();
    assert_eq!(streams, [stream(1), stream(2), stream(2)]);
    assert!(positions(&events).is_sorted_by(|one, next| one < next));
}

pub(super) async fn units_of_one_call_are_judged_on_what_those_before_them_wrote(subject: Subject) {
    let on = |expected| unit(stream(1), expected, [new()]);
    let units = [
        on(Expected::NoStream),
        on(Expected::Exactly(0)),
        checked(unit(stream(2), Expected::NoStream, [new()]), stream(1), Expected::Exactly(1)),
        checked(unit(stream(3), Expected::NoStream, [new()]), stream(2), Expected::NoStream),
        on(Expected::Exactly(1)),
    ];
    let mut results = subject.append(units).await;
    assert_eq!(results.len(), 5);
    assert_eq!(conflict(results.remove(3)), (stream(2), Some(0)));
    let all: Vec<_> = results.into_iter().flat_map(committed).collect();
    assert_eq!(revisions(&all), [0, 1, 0, 2]);
    assert!(positions(&all).is_sorted_by(|one, next| one < next));
}

pub(super) async fn a_unit_that_falls_does_not_take_others_with_it(subject: Subject) {
    let units = [
        unit(stream(1), Expected::NoStream, [new()]),
        unit(stream(1), Expected::Exactly(5), [new()]),
        unit(stream(1), Expected::Exactly(6), [new()]),
        unit(stream(2), Expected::NoStream, [new()]),
    ];
    let mut results = subject.append(units).await.into_iter();
    committed(results.next().unwrap());
    assert_eq!(conflict(results.next().unwrap()), (stream(1), Some(0)));
    assert_eq!(conflict(results.next().unwrap()), (stream(1), Some(0)));
    committed(results.next().unwrap());
}

pub(super) async fn what_was_to_stand_after_a_unit_that_falls_falls_too(subject: Subject) {
    // Somebody else wrote one event in between: what the first of a call expects holds no more, what its second does would.
    subject.fill(stream(1), 1).await;
    let units = [
        unit(stream(1), Expected::NoStream, [new()]),
        unit(stream(1), Expected::Exactly(0), [new()]),
        checked(unit(stream(2), Expected::NoStream, [new()]), stream(1), Expected::Exactly(0)),
        unit(stream(1), Expected::Any, [new()]),
        unit(stream(3), Expected::NoStream, [new()]),
    ];
    let mut results = subject.append(units).await.into_iter();
    for _ in 0..3 {
        assert_eq!(conflict(results.next().unwrap()), (stream(1), Some(0)));
    }
    results.for_each(|stands| drop(committed(stands)));
    // In a call of its own it stands.
    subject.commit(unit(stream(1), Expected::Exactly(1), [new()])).await;
    assert_eq!(subject.revision(stream(2)).await, None);
}

pub(super) async fn a_known_id_is_a_duplicate_whatever_is_expected(subject: Subject) {
    let known = new();
    let there = subject.commit(unit(stream(1), Expected::NoStream, [new(), known.clone()])).await;
    let head = subject.log.head();
    for expected in [Expected::NoStream, Expected::Exactly(9), Expected::Any] {
        let again = unit(stream(2), expected, [new(), known.clone()]);
        let answer = subject.append([again]).await.remove(0);
        assert!(matches!(answer, Appended::Duplicate(position) if position == there[1].position), "{answer:?}");
    }
    assert_eq!((subject.log.head(), subject.revision(stream(2)).await), (head, None));
}

pub(super) async fn an_id_that_is_repeated_within_one_call_is_a_duplicate(subject: Subject) {
    let twin = new();
    let units = [stream(1), stream(2)].map(|stream| unit(stream, Expected::NoStream, [twin.clone()]));
    let mut results = subject.append(units).await.into_iter();
    let first = committed(results.next().unwrap());
    let second = results.next().unwrap();
    assert!(matches!(second, Appended::Duplicate(position) if position == first[0].position), "{second:?}");
    assert_eq!(subject.revision(stream(2)).await, None);
}

pub(super) async fn an_oversized_event_is_refused_and_the_log_goes_on(subject: Subject) {
    let words = MessageWords { text: "x".repeat(EVENT_MAX_BYTES + 1), client_ref: None, ciphertext: None };
    let sender = AccountId::new(Uuid::from_u128(7));
    let large =
        new_of(MessageSent { sender, reply_to: None, words: Field::Clear(words), mentions: vec![], period: None });
    let timeline = domain::stream::StreamName::timeline(domain::ids::ConversationId::new(Uuid::from_u128(8)));
    let units = [unit(timeline.clone(), Expected::NoStream, [large]), unit(stream(2), Expected::NoStream, [new()])];
    let mut results = subject.append(units).await.into_iter();
    assert!(matches!(results.next(), Some(Appended::TooLarge)));
    committed(results.next().unwrap());
    assert_eq!(subject.revision(timeline).await, None);
}

pub(super) async fn the_envelope_is_kept(subject: Subject) {
    let mut full = new();
    full.occurred_at = Some(Time::from_micros(5));
    full.actor = Some(AccountId::new(Uuid::from_u128(1)));
    full.correlation_id = Uuid::from_u128(2);
    full.causation_id = Some(EventId::new(Uuid::from_u128(3)));
    full.fingerprint = Some(Fingerprint { key: Hash16([4; 16]), body: Hash16([5; 16]) });
    let bare = new();
    let events = subject.commit(unit(stream(1), Expected::NoStream, [full.clone(), bare.clone()])).await;
    for (recorded, new) in events.iter().zip([full, bare]) {
        assert_eq!((recorded.id, recorded.actor), (new.id, new.actor));
        assert_eq!((recorded.correlation_id, recorded.causation_id), (new.correlation_id, new.causation_id));
        assert_eq!((recorded.fingerprint, &recorded.event), (new.fingerprint, &new.event));
        assert_eq!(recorded.recorded_at, subject.clock.now());
        assert_eq!(recorded.occurred_at, new.occurred_at.unwrap_or(recorded.recorded_at));
    }
    let read = subject.log.read_positions(&positions(&events)).await.unwrap();
    assert_eq!(read, events, "what is read is what was answered");
}

pub(super) async fn recorded_times_never_decrease(subject: Subject) {
    let before = subject.fill(stream(1), 1).await.remove(0);
    subject.clock.move_by_seconds(-60);
    let after = subject.fill(stream(1), 1).await.remove(0);
    assert_eq!(before.recorded_at, after.recorded_at);
}

pub(super) async fn concurrent_appends_leave_no_gap(subject: Subject) {
    let writers: JoinSet<()> = (0..8_u128).map(|n| write_along(subject.clone(), n)).collect();
    writers.join_all().await;
    assert_eq!(subject.revision(stream(0)).await, Some(399));
    let all = subject.log.read_all(Position::START, Direction::Forward, 10_000, &Filter::default()).await.unwrap();
    assert_eq!(all.events.len(), 800);
    assert!(positions(&all.events).is_sorted_by(|one, next| one < next));
    let shared: Vec<_> = all.events.into_iter().filter(|event| event.stream == stream(0)).collect();
    assert!(revisions(&shared).into_iter().eq(0..400));
}

/// Fifty units, each with one event in a stream that all share and one in its own.
async fn write_along(subject: Subject, n: u128) {
    for turn in 0..50_u64 {
        let own = write(stream(100 + n), Expected::at(turn.checked_sub(1)), [new()]);
        let unit = Unit { writes: vec![write(stream(0), Expected::Any, [new()]), own], checks: vec![] };
        assert_eq!(subject.commit(unit).await[1].revision, turn);
    }
}
