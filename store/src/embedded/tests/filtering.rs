//! Reading only what stands in some streams.

use super::*;
use crate::embedded::marks::Hidden;
use crate::embedded::record::RecordRef;
use crate::embedded::scan_streams::{FIRST_RECORDS, PICKED_COSTS_RECORDS, SEGMENT_COSTS_RECORDS};
use domain::ids::SessionId;

const EVENTS: u128 = 9_000;
/// As much as the log itself looks at in one read.
const MUCH: usize = 16 << 10;

fn of_session(n: u128) -> StreamName {
    StreamName::session(SessionId::new(Uuid::from_u128(n)))
}

/// A log of many segments: mostly conversations; a session now and then, and many together every 3,000 events.
async fn filled(place: &Place) -> Log {
    let log = place.open();
    for from in (1..=EVENTS).step_by(100) {
        let units = (from..from + 100).map(|n| {
            let is_session = n % 97 == 0 || (1_700..2_000).contains(&(n % 3_000));
            let to = if is_session { of_session(n % 5) } else { stream(n % 40) };
            unit(to, Expected::Any, [n])
        });
        log.append(units.collect()).await.unwrap();
    }
    log
}

fn closed(log: &Log) -> usize {
    log.history().state.read().closed.len()
}

fn prefixes(of: &[&str]) -> Vec<String> {
    of.iter().map(|prefix| (*prefix).to_owned()).collect()
}

fn is_of(record: &RecordRef<'_>, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| record.stream().starts_with(prefix))
}

/// What a whole scan finds.
fn expected(log: &Log, from: u64, direction: Direction, of: &[String]) -> Vec<u64> {
    let mut found = Vec::new();
    let all = log.history().scan(Position(from), direction, usize::MAX, |record| {
        if is_of(&record, of) {
            found.push(record.position().0);
        }
        ControlFlow::Continue(())
    });
    assert!(all.unwrap().at_end);
    found
}

/// What reading on and on finds, when each read looks at so many records and is broken off after so many that fit.
fn found(log: &Log, from: u64, direction: Direction, of: &[String], most: usize, page: usize) -> Vec<u64> {
    let (mut next, mut found) = (Position(from), Vec::new());
    loop {
        let (before, mut shown) = (found.len(), 0);
        let scanned = log.history().scan_streams(next, direction, of, most, |record| {
            shown += 1;
            if is_of(&record, of) {
                found.push(record.position().0);
            }
            if found.len() - before == page { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        let scanned = scanned.unwrap();
        assert!(found.len() - before <= page, "nothing is shown after it was broken off");
        assert!(shown <= most, "{shown} were shown, {most} asked for");
        if found.len() - before == page {
            assert_eq!(Some(&scanned.next.0), found.last(), "a read goes on where the last was broken off");
        }
        if scanned.at_end {
            return found;
        }
        assert_ne!(scanned.next, next, "each read comes further");
        next = scanned.next;
    }
}

const DIRECTIONS: [(u64, Direction); 2] = [(0, Direction::Forward), (u64::MAX, Direction::Backward)];

#[tokio::test]
async fn some_streams_are_read_as_they_stand_in_the_whole_log() {
    let log = filled(&Place::new()).await;
    let (one, head) = (stream(7).as_str().to_owned(), log.head().0);
    for of in [prefixes(&["session-"]), prefixes(&["keys-"]), prefixes(&["conversation-", "session-"]), vec![one]] {
        for from in [0, 1, head / 3, head / 3 + 97, head - 1, head, head + 1, u64::MAX] {
            for (_, direction) in DIRECTIONS {
                let expected = expected(&log, from, direction, &of);
                for most in [usize::MAX, MUCH, FIRST_RECORDS + 3 * SEGMENT_COSTS_RECORDS, FIRST_RECORDS + 1, 7] {
                    let what = format!("{of:?} from {from} {direction:?}, {most} at once");
                    assert_eq!(found(&log, from, direction, &of, most, usize::MAX), expected, "{what}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_read_of_some_streams_goes_on_where_it_was_broken_off() {
    let log = filled(&Place::new()).await;
    let of = prefixes(&["session-"]);
    for (from, direction) in DIRECTIONS {
        let expected = expected(&log, from, direction, &of);
        for page in [1, 2, 7, 70, 170] {
            assert_eq!(found(&log, from, direction, &of, MUCH, page), expected, "{page} {direction:?}");
        }
    }
}

#[tokio::test]
async fn of_a_long_log_only_what_stands_in_some_streams_is_looked_at() {
    for (segment_bytes, segments) in [(16 << 10, 50), (300 << 10, 3)] {
        let log = filled(&Place::with_segments_of(segment_bytes)).await;
        assert!(closed(&log) > segments, "{} segments", closed(&log));
        let open = log.history().state.read().open.count() as usize;
        for (from, direction) in DIRECTIONS {
            let (of, mut others) = (prefixes(&["session-"]), 0);
            let scanned = log.history().scan_streams(Position(from), direction, &of, MUCH << 10, |record| {
                others += usize::from(!is_of(&record, &of));
                ControlFlow::Continue(())
            });
            assert!(scanned.unwrap().at_end);
            assert!(others <= FIRST_RECORDS + open, "{others} others were looked at");
        }
    }
}

/// How many segments one read by the indexes looked into, and how many records it picked.
fn costs(log: &Log, of: &str, most: usize) -> (usize, usize) {
    let mut picked = 0;
    let scanned = log.history().scan_by_indexes(Position(0), Direction::Forward, &prefixes(&[of]), most, |_| {
        picked += 1;
        ControlFlow::Continue(())
    });
    let next = scanned.unwrap().next.0;
    (log.history().state.read().closed.partition_point(|segment| segment.first <= next), picked)
}

#[tokio::test]
async fn one_read_looks_into_few_segments_and_picks_few_records() {
    let log = filled(&Place::new()).await;
    for (of, most) in [("keys-", 4 * SEGMENT_COSTS_RECORDS), ("session-", 10 * SEGMENT_COSTS_RECORDS)] {
        let (segments, picked) = costs(&log, of, most);
        let cost = segments * SEGMENT_COSTS_RECORDS + picked * PICKED_COSTS_RECORDS;
        assert!(cost + 64 >= most && cost <= most + SEGMENT_COSTS_RECORDS, "{segments} segments, {picked} picked");
    }
    let log = filled(&Place::with_segments_of(1 << 20)).await;
    assert_eq!(costs(&log, "session-", 50 * PICKED_COSTS_RECORDS), (1, 50));
}

#[tokio::test]
async fn a_segment_of_many_streams_counts_for_more_and_is_gone_through_in_few_reads() {
    let log = Place::with_segments_of(512 << 10).open();
    let wanted = |n: u128| n.is_multiple_of(10);
    for from in (1..=38_000).step_by(500) {
        let units = (from..from + 500)
            .map(|n| unit(if wanted(n) { of_session(n) } else { stream(n) }, Expected::NoStream, [n]));
        log.append(units.collect()).await.unwrap();
    }
    let names = log.history().state.read().closed[1].stream_count();
    assert!(closed(&log) >= 10 && names > 1_500, "{names} names in each of {} segments", closed(&log));
    let (segments, _) = costs(&log, "keys-", 10 * SEGMENT_COSTS_RECORDS);
    assert!(segments < 10, "its names are counted: {segments} segments");
    // Less than the names cost is enough for many.
    let (_, picked) = costs(&log, "session-", 100);
    assert_eq!(picked, 100 / PICKED_COSTS_RECORDS);
}

#[tokio::test]
async fn where_many_records_fit_they_are_read_one_after_the_other() {
    let log = filled(&Place::with_segments_of(16 << 10)).await;
    let of = prefixes(&["conversation-"]);
    for (from, direction) in DIRECTIONS {
        let (mut shown, most) = (0, 4 * FIRST_RECORDS);
        let scanned = log.history().scan_streams(Position(from), direction, &of, most, |_| {
            shown += 1;
            ControlFlow::Continue(())
        });
        assert_eq!((shown, scanned.unwrap().at_end), (most, false));
    }
}

#[tokio::test]
async fn stubs_and_segments_that_were_written_anew_are_read_as_they_stand() {
    let place = Place::new();
    let log = filled(&place).await;
    log.hide(of_session(2), Hidden::Deleted).await.unwrap();
    log.hide(stream(7), Hidden::Deleted).await.unwrap();
    place.clock.moves_by_seconds(49 * 3600);
    commit(&log, unit(stream(1), Expected::Any, [EVENTS + 1])).await;
    let of = prefixes(&["session-", stream(7).as_str()]);
    let (mut next, mut read, mut stubs, mut is_reclaimed) = (Position::START, Vec::new(), 0, false);
    // In the middle of it, what was deleted is given back.
    loop {
        let scanned =
            log.history().scan_streams(next, Direction::Forward, &of, FIRST_RECORDS + SEGMENT_COSTS_RECORDS, |it| {
                if is_of(&it, &of) {
                    read.push(it.position().0);
                    stubs += usize::from(it.is_stub());
                }
                ControlFlow::Continue(())
            });
        next = scanned.as_ref().unwrap().next;
        if next.0 > EVENTS as u64 / 2 && !std::mem::replace(&mut is_reclaimed, true) {
            assert_eq!(stubs, 0);
            assert!(log.reclaim(|_| true).unwrap().events > 200);
        }
        if scanned.unwrap().at_end {
            break;
        }
    }
    assert!(stubs > 50, "{stubs} stubs");
    assert_eq!(read, expected(&log, 0, Direction::Forward, &of));
    let mut backward = found(&log, u64::MAX, Direction::Backward, &of, MUCH, 70);
    backward.reverse();
    assert_eq!(read, backward);
}

#[tokio::test]
async fn what_is_appended_while_some_streams_are_read_is_read_too() {
    let log = filled(&Place::new()).await;
    let of = prefixes(&["session-"]);
    let (mut next, mut read, mut appended, segments) = (Position::START, Vec::new(), EVENTS, closed(&log));
    loop {
        let scanned = log.history().scan_streams(next, Direction::Forward, &of, MUCH, |record| {
            if !is_of(&record, &of) {
                return ControlFlow::Continue(());
            }
            read.push(record.position().0);
            if read.len() % 100 == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        next = scanned.as_ref().unwrap().next;
        if scanned.unwrap().at_end {
            break;
        }
        let units = (appended + 1..=appended + 200)
            .map(|n| unit(if n % 20 == 0 { of_session(9) } else { stream(1) }, Expected::Any, [n]));
        log.append(units.collect()).await.unwrap();
        appended += 200;
    }
    assert!(closed(&log) > segments, "a segment was begun meanwhile");
    assert!(read.last() > Some(&(EVENTS as u64)));
    assert_eq!(read, expected(&log, 0, Direction::Forward, &of));
}
