//! Reading only what stands in some streams.

use super::*;
use crate::embedded::marks::Hidden;
use crate::embedded::record::RecordRef;
use crate::embedded::scan_streams::{LOOKED_AT_FIRST, PICKED_COUNTS, SEGMENT_COUNTS};
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
                for most in [usize::MAX, MUCH, LOOKED_AT_FIRST + 3 * SEGMENT_COUNTS, LOOKED_AT_FIRST + 1, 7] {
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
            assert!(others <= LOOKED_AT_FIRST + open, "{others} others were looked at");
        }
    }
}

#[tokio::test]
async fn one_read_looks_into_few_segments_and_picks_few_records() {
    let log = filled(&Place::new()).await;
    for (of, most) in [("keys-", 4 * SEGMENT_COUNTS), ("session-", 10 * SEGMENT_COUNTS)] {
        let mut picked = 0;
        let scanned = log.history().scan_by_indexes(Position(0), Direction::Forward, &prefixes(&[of]), most, |_| {
            picked += 1;
            ControlFlow::Continue(())
        });
        let (state, next) = (log.history().state.read(), scanned.unwrap().next.0);
        let segments = state.closed.partition_point(|segment| segment.first <= next);
        let counts = segments * SEGMENT_COUNTS + picked * PICKED_COUNTS;
        assert!(counts >= most && counts <= most + SEGMENT_COUNTS, "{segments} segments, {picked} picked");
    }

    let log = filled(&Place::with_segments_of(1 << 20)).await;
    let (mut picked, most) = (0, SEGMENT_COUNTS + 50 * PICKED_COUNTS);
    let scanned =
        log.history().scan_by_indexes(Position(0), Direction::Forward, &prefixes(&["session-"]), most, |_| {
            picked += 1;
            ControlFlow::Continue(())
        });
    assert!((40..=50).contains(&picked) && !scanned.unwrap().at_end, "{picked} were picked");
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
            log.history().scan_streams(next, Direction::Forward, &of, LOOKED_AT_FIRST + SEGMENT_COUNTS, |it| {
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
