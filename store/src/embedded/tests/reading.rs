//! Reading: limits, retention, truncation, positions.

use super::*;
use crate::embedded::disk::Disk;
use crate::embedded::fault::OpenFault;
use crate::embedded::marks::Hidden;
use domain::ids::{AccountId, SessionId};
use domain::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS;
use std::sync::atomic::{AtomicBool, Ordering};

fn read_mark() -> StreamName {
    StreamName::read(AccountId::new(Uuid::from_u128(1)), ConversationId::new(Uuid::from_u128(2)))
}

#[tokio::test]
async fn of_a_stream_with_a_max_count_only_the_newest_is_read() {
    let log = Place::new().open();
    for n in 1..=5u128 {
        commit(&log, unit(read_mark(), Expected::at((n as u64 - 1).checked_sub(1)), [n])).await;
    }
    assert_eq!(revisions(&log, &read_mark(), 0, Direction::Forward, 10), [4]);
    assert_eq!(revisions(&log, &read_mark(), u64::MAX, Direction::Backward, 10), [4]);
    assert_eq!(revisions(&log, &read_mark(), 3, Direction::Backward, 10), [] as [u64; 0]);
    assert_eq!(log.revisions(&[read_mark()]).unwrap(), [Some(4)]);
    assert_eq!(everything(&log).len(), 5);
}

#[tokio::test]
async fn of_a_stream_with_a_max_age_only_the_younger_are_read() {
    let place = Place::new();
    let log = place.open();
    let session = StreamName::session(SessionId::new(Uuid::from_u128(1)));
    for n in 1..=300u128 {
        commit(&log, unit(session.clone(), Expected::Any, [n])).await;
        place.clock.moves_by_seconds(1);
    }
    place.clock.moves_by_seconds(REFRESH_TOKEN_LIFE_MAX_SECONDS - 10);
    assert_eq!(revisions(&log, &session, 0, Direction::Forward, 3), [290, 291, 292]);
    assert_eq!(revisions(&log, &session, u64::MAX, Direction::Backward, 100).len(), 10);
    place.clock.moves_by_seconds(11);
    assert_eq!(revisions(&log, &session, 0, Direction::Forward, 3), [] as [u64; 0]);
    commit(&log, unit(session.clone(), Expected::Exactly(299), [301])).await;
    assert_eq!(revisions(&log, &session, 0, Direction::Forward, 3), [300]);
}

#[tokio::test]
async fn what_a_truncation_hides_stays_hidden_after_a_restart_and_revisions_go_on() {
    let place = Place::new();
    let mut log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, 1..=10)).await;
    log.hide(stream(1), Hidden::Before(4)).await.unwrap();
    log.hide(stream(1), Hidden::Before(2)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 3), [4, 5, 6]);
        assert_eq!(revisions(&log, &stream(1), 5, Direction::Backward, 10), [5, 4]);
        assert_eq!(log.revisions(&[stream(1)]).unwrap(), [Some(9)]);
        drop(log);
        log = Place { disk: Arc::new(place.disk.after_power_loss()), ..Place::new() }.open();
    }
    log.hide(stream(1), Hidden::Before(u64::MAX)).await.unwrap();
    assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 3), [] as [u64; 0]);
    commit(&log, unit(stream(1), Expected::Exactly(9), [11])).await;
}

#[tokio::test]
async fn a_torn_truncation_is_cut() {
    let place = Place::new();
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, 1..=10)).await;
    log.hide(stream(1), Hidden::Before(4)).await.unwrap();
    let path = Place::dir().join("marks");
    let one = place.disk.get(&path).unwrap();
    log.hide(stream(1), Hidden::Before(8)).await.unwrap();
    let both = place.disk.get(&path).unwrap();
    drop(log);
    for cut in one.len()..both.len() {
        place.disk.put(&path, both[..cut].to_vec());
        let log = place.open();
        // Once a whole copy stands there, it may have been acknowledged.
        let shown = if cut < (one.len() + both.len()) / 2 { 4 } else { 8 };
        assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 1), [shown], "cut at {cut}");
        log.hide(stream(2), Hidden::Before(1)).await.unwrap();
        drop(log);
        assert_eq!(revisions(&place.open(), &stream(1), 0, Direction::Forward, 1), [shown], "cut at {cut}");
    }
}

#[tokio::test]
async fn one_damaged_byte_shows_nothing_that_was_hidden_and_two_refuse_the_start() {
    let place = Place::new();
    let log = place.open();
    for n in 1..=3 {
        commit(&log, unit(stream(n), Expected::NoStream, [10 * n, 10 * n + 1])).await;
        log.hide(stream(n), if n == 2 { Hidden::Deleted } else { Hidden::Before(1) }).await.unwrap();
    }
    drop(log);
    let path = Place::dir().join("marks");
    let whole = place.disk.get(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        place.disk.put(&path, damaged);
        for _ in 0..2 {
            let log = place.open();
            let shown = [1, 2, 3].map(|n| revisions(&log, &stream(n), 0, Direction::Forward, 9));
            assert_eq!(shown, [vec![1], vec![], vec![1]], "byte {at}");
        }
        assert_eq!(place.disk.get(&path).unwrap(), whole, "written anew after damage to byte {at}");
    }
    let mut damaged = whole.clone();
    let copy = whole.len() / 6;
    (damaged[2 * copy + 5], damaged[3 * copy + 5]) = (0, 0);
    place.disk.put(&path, damaged);
    let refused = Log::open(Place::dir(), place.options()).map(drop).unwrap_err();
    assert!(matches!(refused, OpenFault::Marks(at) if at == 2 * copy), "{refused}");
}

#[tokio::test]
async fn a_deleted_stream_stays_so_after_a_restart_and_when_its_index_is_built_again() {
    let place = Place::with_segments_of(2 << 10);
    let log = place.open();
    for n in 1..=40 {
        commit(&log, unit(stream(n % 4), Expected::Any, [n])).await;
    }
    log.hide(stream(2), Hidden::Deleted).await.unwrap();
    drop(log);
    for disk in [place.disk.after_power_loss(), place.disk.after_crash(|_, _, now| now.to_vec())] {
        let names = disk.list(Place::dir()).unwrap();
        for name in names.iter().filter(|name| name.ends_with(".idx")) {
            disk.remove(&Place::dir().join(name)).unwrap();
        }
        let log = Place { disk: Arc::new(disk), ..Place::with_segments_of(2 << 10) }.open();
        assert_eq!(revisions(&log, &stream(2), 0, Direction::Forward, 99), [] as [u64; 0]);
        assert_eq!(revisions(&log, &stream(2), u64::MAX, Direction::Backward, 99), [] as [u64; 0]);
        assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 99).len(), 10);
        let answer = log.append(vec![unit(stream(2), Expected::Any, [77])]).await.unwrap();
        assert_eq!(answer, [RawAppended::Deleted { stream: stream(2) }]);
        log.hide(stream(2), Hidden::Before(1)).await.unwrap();
        assert_eq!(revisions(&log, &stream(2), 0, Direction::Forward, 99), [] as [u64; 0]);
    }
}

#[tokio::test]
async fn positions_are_read_in_the_asked_order_without_those_that_hold_nothing() {
    let log = Place::with_segments_of(2 << 10).open();
    for n in 1..=50 {
        commit(&log, unit(stream(n % 4), Expected::Any, [n])).await;
    }
    let mut seen = Vec::new();
    let asked = [50, 3, 0, 51, 7, 3, u64::MAX, 8].map(Position);
    let show = log.history().read_positions(&asked, |record| {
        seen.push(record.position().0);
        Ok(())
    });
    show.unwrap();
    assert_eq!(seen, [50, 3, 7, 3, 8]);
}

#[tokio::test]
async fn an_unknown_stream_has_no_revision_and_no_events() {
    let log = Place::new().open();
    let nothing = log.history().read_stream(&stream(1), 0, Direction::Forward, 10, |_| Ok(()));
    assert_eq!(nothing.unwrap(), None);
}

#[tokio::test]
async fn every_part_of_the_envelope_is_read_back() {
    use domain::ids::Hash16;
    use domain::recorded::Fingerprint;
    let log = Place::new().open();
    let fingerprint = Some(Fingerprint { key: Hash16([1; 16]), body: Hash16([2; 16]) });
    for parts in 0..8u128 {
        let sent = RawEvent {
            actor: (parts & 1 != 0).then(|| AccountId::new(Uuid::from_u128(7))),
            causation_id: (parts & 2 != 0).then(|| id(8)),
            fingerprint: fingerprint.filter(|_| parts & 4 != 0),
            occurred_at: Some(Time::from_micros(-5)),
            schema_version: 3,
            payload: vec![9; parts as usize].into(),
            ..event(parts + 1)
        };
        let write = RawWrite { stream: stream(parts), expected: Expected::NoStream, events: vec![sent.clone()] };
        let position = commit(&log, RawUnit { writes: vec![write], checks: Vec::new() }).await;
        let show = log.history().read_positions(&[position], |record| {
            let read = RawEvent {
                id: record.id(),
                event_type: Cow::Owned(record.event_type().to_owned()),
                schema_version: record.schema_version(),
                occurred_at: Some(record.occurred_at()),
                actor: record.actor(),
                correlation_id: record.correlation_id(),
                causation_id: record.causation_id(),
                fingerprint: record.fingerprint(),
                payload: Bytes::copy_from_slice(record.payload()),
            };
            assert_eq!(read, sent);
            assert_eq!(record.stream(), stream(parts).as_str());
            assert!(record.last_of_unit());
            Ok(())
        });
        show.unwrap();
    }
}

#[tokio::test]
async fn the_head_is_never_before_an_event_that_a_stream_is_said_to_have() {
    let place = Place::new();
    let log = Arc::new(place.open());
    let is_over = Arc::new(AtomicBool::new(false));
    let looks = {
        let (log, is_over) = (Arc::clone(&log), Arc::clone(&is_over));
        std::thread::spawn(move || {
            let mut seen = 0;
            while !is_over.load(Ordering::Relaxed) {
                let revision = log.revisions(&[stream(1)]).unwrap()[0];
                let (head, newest) = (log.head().0, revision.map_or(0, |revision| revision + 1));
                assert!(newest <= head, "the stream has an event at {newest}, the log ends at {head}");
                seen = seen.max(newest);
            }
            seen
        })
    };
    for round in 0..500 {
        let units = (0..50).map(|n| unit(stream(1), Expected::Any, [round * 50 + n + 1])).collect();
        log.append(units).await.unwrap();
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(looks.join().unwrap() > 0);
}
