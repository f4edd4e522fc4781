//! The log behind its ports: sealed words, subscriptions, filters.

use super::*;
use crate::embedded::log::EmbeddedLog;
use crate::seal::keys::sqlite::SqliteKeys;
use crate::seal::vault::{Beside, Vault};
use crate::seal::wrapping::KeyEncryptionKey;
use commands::log::{Appended, EventLog, NewEvent, Unit, Write};
use domain::conversation::event::ReadMoved;
use domain::event::{Event, EventType};
use domain::ids::AccountId;
use domain::recorded::Recorded;
use domain::source::{EventSource, Filter};
use futures_util::StreamExt;
use tempfile::TempDir;

async fn opened(place: &Place, folder: &TempDir) -> EmbeddedLog {
    let store = Arc::new(SqliteKeys::open(&folder.path().join("keys.db")).await.unwrap());
    let kek = KeyEncryptionKey::new([3; 32]);
    let vault = Vault::open(store, kek, place.clock.clone(), Beside::NewLog).await.unwrap();
    EmbeddedLog::open(Place::dir(), place.options(), vault).unwrap()
}

fn mark(n: u128) -> NewEvent {
    NewEvent {
        id: id(n),
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::from_u128(n),
        causation_id: None,
        fingerprint: None,
        event: Event::ReadMoved(ReadMoved { seq: n as u64 }),
    }
}

fn marks(n: u128) -> StreamName {
    StreamName::read(AccountId::new(Uuid::from_u128(n)), ConversationId::new(Uuid::from_u128(n)))
}

async fn append(log: &EmbeddedLog, to: StreamName, events: Vec<NewEvent>) -> Vec<Arc<Recorded>> {
    let write = Write { stream: to, expected: Expected::Any, events };
    let unit = Unit { writes: vec![write], checks: Vec::new() };
    match log.append(vec![unit]).await.unwrap().pop() {
        Some(Appended::Committed(events)) => events,
        other => panic!("{other:?}"),
    }
}

async fn follow(log: &EmbeddedLog, after: u64, until: u64) -> Vec<Arc<Recorded>> {
    let (mut subscription, mut seen) = (log.subscribe(Position(after)), Vec::new());
    while after + (seen.len() as u64) < until {
        let batch = subscription.next().await.unwrap().unwrap();
        assert!((1..=1024).contains(&batch.len()));
        seen.extend(batch.iter().cloned());
    }
    seen
}

#[tokio::test]
async fn every_kind_of_event_is_the_same_from_the_append_the_ring_and_the_disk() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    let mut appended = Vec::new();
    for (n, event_type) in (1..).zip(EventType::ALL) {
        let sample = crate::codec::samples::sample(*event_type);
        let new = NewEvent { event: sample.event, ..mark(n) };
        appended.extend(append(&log, sample.stream, vec![new]).await);
    }
    let head = appended.len() as u64;
    assert_eq!(follow(&log, 0, head).await, appended);
    let all = log.read_all(Position::START, Direction::Forward, 1000, &Filter::default()).await.unwrap();
    assert_eq!((all.events, all.next, all.at_end), (appended.clone(), Position(head), true));
    let debug = format!("{appended:?}");
    assert!(!debug.contains("Clear("), "words are sealed: {debug}");
    log.close().await;
    drop(log);
    let log = opened(&place, &folder).await;
    assert_eq!(follow(&log, 0, head).await, appended);
    assert_eq!(log.log_id(), log.raw().header().log_id);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_sees_everything_once_and_in_order_while_others_append() {
    let (place, folder) = (Place::with_segments_of(16 << 10), TempDir::new().unwrap());
    let log = Arc::new(opened(&place, &folder).await.with_ring(50));
    for n in 1..=1500u128 {
        append(&log, marks(n % 9), vec![mark(n)]).await;
    }
    let followers: Vec<_> = [0u64, 1, 700, 1440, 1499, 1500]
        .into_iter()
        .map(|after| {
            let log = Arc::clone(&log);
            tokio::spawn(async move { (after, follow(&log, after, 3000).await) })
        })
        .collect();
    let appenders: Vec<_> = (0..10u128)
        .map(|task| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for n in 0..50u128 {
                    let first = 10_000 + task * 1000 + n * 3;
                    append(&log, marks(task), vec![mark(first), mark(first + 1), mark(first + 2)]).await;
                }
            })
        })
        .collect();
    for appender in appenders {
        appender.await.unwrap();
    }
    for follower in followers {
        let (after, seen) = follower.await.unwrap();
        let positions: Vec<_> = seen.iter().map(|event| event.position.0).collect();
        assert_eq!(positions, (after + 1..=3000).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_subscription_ends_when_the_log_closes() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    append(&log, marks(1), vec![mark(1)]).await;
    let mut subscription = log.subscribe(Position::START);
    assert_eq!(subscription.next().await.unwrap().unwrap().len(), 1);
    log.close().await;
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn a_subscription_ends_with_a_fault_when_the_log_fails() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    let mut subscription = log.subscribe(Position::START);
    place.disk.faults(|faults| faults.sync = Some(std::io::ErrorKind::Other));
    let write = Write { stream: marks(1), expected: Expected::Any, events: vec![mark(1)] };
    assert!(log.append(vec![Unit { writes: vec![write], checks: Vec::new() }]).await.is_err());
    assert!(subscription.next().await.unwrap().is_err());
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn a_filtered_read_gives_what_matches_and_where_it_stopped() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    for n in 1..=40u128 {
        append(&log, marks(n % 4), vec![mark(n)]).await;
    }
    let filter = Filter { stream_prefixes: vec![marks(1).as_str().to_owned()], types: vec![EventType::ReadMoved] };
    let slice = log.read_all(Position(2), Direction::Forward, 3, &filter).await.unwrap();
    let positions: Vec<_> = slice.events.iter().map(|event| event.position.0).collect();
    assert_eq!((positions, slice.next, slice.at_end), (vec![5, 9, 13], Position(13), false));
    let slice = log.read_all(Position(12), Direction::Backward, 100, &filter).await.unwrap();
    let positions: Vec<_> = slice.events.iter().map(|event| event.position.0).collect();
    assert_eq!((positions, slice.at_end), (vec![9, 5, 1], true));
    let none = Filter { types: vec![EventType::MessageSent], ..Filter::default() };
    let slice = log.read_all(Position::START, Direction::Forward, 10, &none).await.unwrap();
    assert_eq!((slice.events.len(), slice.next, slice.at_end), (0, Position(40), true));
}

#[tokio::test]
async fn a_filtered_read_of_a_long_log_gives_what_matches() {
    let (place, folder) = (Place::with_segments_of(64 << 10), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    for from in (1..=6_000u128).step_by(200) {
        let writes = (from..from + 200).map(|n| {
            let to = if (2_500..2_700).contains(&n) { marks(5) } else { marks(1_000 + n) };
            Unit { writes: vec![Write { stream: to, expected: Expected::Any, events: vec![mark(n)] }], checks: vec![] }
        });
        log.append(writes.collect()).await.unwrap();
    }
    let of_one =
        |types: &[EventType]| Filter { stream_prefixes: vec![marks(5).as_str().to_owned()], types: types.to_vec() };
    for (filter, expected) in [(of_one(&[EventType::ReadMoved]), 200), (of_one(&[EventType::MessageSent]), 0)] {
        for limit in [1, 7, 70, 1_000] {
            for (start, direction) in [(0, Direction::Forward), (u64::MAX, Direction::Backward)] {
                let (mut read, mut place) = (Vec::new(), Position(start));
                loop {
                    let slice = log.read_all(place, direction, limit, &filter).await.unwrap();
                    assert!(slice.events.len() <= limit);
                    read.extend(slice.events.iter().map(|event| event.position.0));
                    place = slice.next;
                    if slice.at_end {
                        break;
                    }
                }
                read.sort_unstable();
                assert_eq!(read, (2_500..2_500 + expected).collect::<Vec<u64>>(), "{limit} {direction:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_is_read_with_its_revision() {
    let (place, folder) = (Place::new(), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    let appended = append(&log, marks(1), vec![mark(1), mark(2)]).await;
    let slice = log.read_stream(&marks(1), u64::MAX, Direction::Backward, 10).await.unwrap();
    assert_eq!((slice.events, slice.revision), (vec![Arc::clone(&appended[1])], Some(1)));
    assert_eq!(log.read_positions(&[Position(1)]).await.unwrap(), [Arc::clone(&appended[0])]);
    assert_eq!(log.find(&[id(2)]).await.unwrap(), [Some(Position(2))]);
    assert_eq!(log.revisions(&[marks(1), marks(2)]).await.unwrap(), [Some(1), None]);
}

#[tokio::test]
async fn whoever_follows_or_reads_everything_passes_over_stubs_and_reaches_the_head() {
    let (place, folder) = (Place::with_segments_of(4 << 10), TempDir::new().unwrap());
    let log = opened(&place, &folder).await;
    for n in 1..=100 {
        append(&log, marks(1), vec![mark(n)]).await;
        append(&log, marks(1_000 + n / 10), vec![mark(1_000 + n)]).await;
    }
    log.close().await;
    drop(log);
    place.clock.moves_by_seconds(49 * 3600);
    let log = opened(&place, &folder).await;
    for n in 300..310 {
        append(&log, marks(1), vec![mark(n)]).await;
    }
    let reclaimed = log.raw().reclaim(|_| true).unwrap();
    assert!(reclaimed.events > 150, "{reclaimed:?}");
    let (mut followed, mut subscription) = (Vec::new(), log.subscribe(Position::START));
    while followed.last() != Some(&log.head()) {
        let batch = subscription.next().await.unwrap().unwrap();
        assert!(!batch.is_empty());
        followed.extend(batch.iter().map(|event| event.position));
    }
    assert!(followed.is_sorted_by(|a, b| a < b));
    assert_eq!(followed.len() as u64, log.head().0 - reclaimed.events);
    for limit in [1, 7, 1_000] {
        for direction in [Direction::Forward, Direction::Backward] {
            let (mut read, mut place) = (Vec::new(), if direction == Direction::Forward { 0 } else { u64::MAX });
            loop {
                let slice = log.read_all(Position(place), direction, limit, &Filter::default()).await.unwrap();
                read.extend(slice.events.iter().map(|event| event.position));
                place = slice.next.0;
                if slice.at_end {
                    break;
                }
            }
            read.sort_unstable();
            assert_eq!(read, followed, "{direction:?}, {limit} at once");
        }
    }
}
