//! Reading only what stands in some streams.

use super::*;
use crate::embedded::scan_streams::LOOKED_AT_FIRST;
use domain::ids::SessionId;

const EVENTS: u128 = 6_000;
const RARE_EVERY: u128 = 97;

fn session(n: u128) -> StreamName {
    StreamName::session(SessionId::new(Uuid::from_u128(n)))
}

/// A log of many segments: mostly conversations, now and then a session.
async fn filled(place: &Place) -> Log {
    let log = place.open();
    for from in (1..=EVENTS).step_by(100) {
        let units = (from..from + 100).map(|n| {
            let to = if n % RARE_EVERY == 0 { session(n / RARE_EVERY % 5) } else { stream(n % 40) };
            unit(to, Expected::Any, [n])
        });
        log.append(units.collect()).await.unwrap();
    }
    log
}

fn prefixes(of: &[&str]) -> Vec<String> {
    of.iter().map(|prefix| (*prefix).to_owned()).collect()
}

/// Positions of the records that fit, in the order of reading; how many others were shown; how many reads it took.
fn read(log: &Log, from: u64, direction: Direction, of: &[String], most: usize) -> (Vec<u64>, usize, usize) {
    let (mut next, mut found, mut others, mut reads) = (Position(from), Vec::new(), 0, 0);
    loop {
        let scanned = log.history().scan_streams(next, direction, of, most, |record| {
            match of.iter().any(|prefix| record.stream().starts_with(prefix)) {
                true => found.push(record.position().0),
                false => others += 1,
            }
            ControlFlow::Continue(())
        });
        let scanned = scanned.unwrap();
        reads += 1;
        if scanned.at_end {
            return (found, others, reads);
        }
        assert_ne!(scanned.next, next, "each read comes further");
        next = scanned.next;
    }
}

fn expected(log: &Log, from: u64, direction: Direction, of: &[String]) -> Vec<u64> {
    let mut found = Vec::new();
    let all = log.history().scan(Position(from), direction, usize::MAX, |record| {
        if of.iter().any(|prefix| record.stream().starts_with(prefix)) {
            found.push(record.position().0);
        }
        ControlFlow::Continue(())
    });
    assert!(all.unwrap().at_end);
    found
}

#[tokio::test]
async fn some_streams_are_read_as_they_stand_in_the_whole_log() {
    let place = Place::with_segments_of(16 << 10);
    let log = filled(&place).await;
    let one = stream(7).as_str().to_owned();
    let head = log.head().0;
    for of in [prefixes(&["session-"]), prefixes(&["keys-"]), prefixes(&["conversation-", "session-"]), vec![one]] {
        for from in [0, 1, head / 3, head / 3 + 97, head - 1, head, head + 1, u64::MAX] {
            for direction in [Direction::Forward, Direction::Backward] {
                let expected = expected(&log, from, direction, &of);
                for most in [usize::MAX, 16 << 10, LOOKED_AT_FIRST + 70, LOOKED_AT_FIRST + 1, LOOKED_AT_FIRST, 7] {
                    let (found, ..) = read(&log, from, direction, &of, most);
                    assert_eq!(found, expected, "{of:?} from {from} {direction:?}, {most} at once");
                }
            }
        }
    }
}

#[tokio::test]
async fn of_a_long_log_only_what_stands_in_them_is_looked_at() {
    let place = Place::with_segments_of(16 << 10);
    let log = filled(&place).await;
    let open = {
        let state = log.history().state.read();
        assert!(state.closed.len() > 50, "{} segments", state.closed.len());
        state.open.count() as usize
    };
    for (from, direction) in [(0, Direction::Forward), (u64::MAX, Direction::Backward)] {
        let (found, others, reads) = read(&log, from, direction, &prefixes(&["session-"]), 16 << 10);
        assert_eq!(found.len() as u128, EVENTS / RARE_EVERY);
        assert!(others <= LOOKED_AT_FIRST + open, "{others} others were looked at");
        assert_eq!(reads, 1);
    }
}

#[tokio::test]
async fn a_read_of_some_streams_goes_on_where_whoever_reads_broke_off() {
    let log = filled(&Place::with_segments_of(16 << 10)).await;
    for (from, direction) in [(0, Direction::Forward), (u64::MAX, Direction::Backward)] {
        let of = prefixes(&["session-"]);
        let (mut next, mut found) = (Position(from), Vec::new());
        loop {
            let scanned = log.history().scan_streams(next, direction, &of, 16 << 10, |record| {
                if !record.stream().starts_with("session-") {
                    return ControlFlow::Continue(());
                }
                found.push(record.position().0);
                ControlFlow::Break(())
            });
            let scanned = scanned.unwrap();
            next = scanned.next;
            if scanned.at_end {
                break;
            }
        }
        assert_eq!(found, expected(&log, from, direction, &of));
    }
}
