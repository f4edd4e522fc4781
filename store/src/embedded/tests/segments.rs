//! Many small segments: heads, ids and streams are found whichever segment holds them.

use super::*;
use crate::embedded::bloom;
use crate::embedded::disk::Disk;
use crate::embedded::merged::{Kind, Merged, Search};

async fn rolled(place: &Place, events: u128) -> Log {
    let log = place.open();
    for n in 1..=events {
        commit(&log, unit(stream(n % 10), Expected::Any, [n])).await;
    }
    assert!(log.history().state.read().closed.len() > 5);
    log
}

#[tokio::test]
async fn heads_and_streams_are_found_across_segments_and_after_a_restart() {
    let place = Place::with_segments_of(2 << 10);
    let mut log = rolled(&place, 200).await;
    commit(&log, unit(stream(77), Expected::NoStream, [999])).await;
    for _ in 0..2 {
        let streams: Vec<_> = (0..10).map(stream).collect();
        assert_eq!(log.revisions(&streams).unwrap(), vec![Some(19); 10]);
        assert_eq!(log.revisions(&streams).unwrap(), vec![Some(19); 10]);
        for of in &streams {
            assert_eq!(revisions(&log, of, 0, Direction::Forward, 100), (0..20).collect::<Vec<_>>());
            assert_eq!(revisions(&log, of, u64::MAX, Direction::Backward, 5), [19, 18, 17, 16, 15]);
            assert_eq!(revisions(&log, of, 7, Direction::Forward, 3), [7, 8, 9]);
            assert_eq!(revisions(&log, of, 7, Direction::Backward, 3), [7, 6, 5]);
        }
        assert_eq!(everything(&log).len(), 201);
        drop(log);
        log = place.open();
    }
    let answer = log.append(vec![unit(stream(3), Expected::Exactly(18), [1001])]).await.unwrap();
    assert_eq!(answer, [RawAppended::Conflict { stream: stream(3), actual: Some(19) }]);
    commit(&log, unit(stream(3), Expected::Exactly(19), [1001])).await;
    assert_eq!(log.revisions(&[stream(3)]).unwrap(), [Some(20)]);
}

#[tokio::test]
async fn ids_are_known_across_closed_segments_and_restarts_for_two_days() {
    let place = Place::with_segments_of(2 << 10);
    let mut log = rolled(&place, 100).await;
    for _ in 0..2 {
        for n in [1, 17, 50, 99, 100] {
            let answer = log.append(vec![unit(stream(500), Expected::NoStream, [n])]).await.unwrap();
            assert_eq!(answer, [RawAppended::Duplicate(Position(n as u64))]);
        }
        assert_eq!(log.find(&[id(101)]).unwrap(), [None]);
        drop(log);
        place.clock.moves_by_seconds(47 * 3600);
        log = place.open();
    }
    place.clock.moves_by_seconds(3600 * 3);
    assert_eq!(log.find(&[id(1)]).unwrap(), [None]);
}

#[tokio::test]
async fn the_whole_log_is_read_both_ways_with_any_piece_size() {
    let place = Place::with_segments_of(2 << 10);
    let log = rolled(&place, 100).await;
    for most in [1, 2, 7, 100, 1000] {
        for direction in [Direction::Forward, Direction::Backward] {
            let mut at = if direction == Direction::Forward { Position(0) } else { Position(u64::MAX) };
            let mut seen = Vec::new();
            loop {
                let scanned = log.history().scan(at, direction, most, |record| {
                    seen.push(record.position().0);
                    ControlFlow::Continue(())
                });
                let scanned = scanned.unwrap();
                at = scanned.next;
                if scanned.at_end {
                    break;
                }
            }
            let mut expected: Vec<u64> = (1..=100).collect();
            if direction == Direction::Backward {
                expected.reverse();
            }
            assert_eq!(seen, expected, "{direction:?} by {most}");
        }
    }
}

#[tokio::test]
async fn a_unit_larger_than_a_segment_gets_one_of_its_own() {
    let place = Place::with_segments_of(2 << 10);
    let log = place.open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    commit(&log, unit(stream(2), Expected::NoStream, 2..=60)).await;
    commit(&log, unit(stream(3), Expected::NoStream, [61])).await;
    assert_eq!(everything(&log).len(), 61);
    log.close().await;
    drop(log);
    let log = place.open();
    assert_eq!(everything(&log).len(), 61);
    assert_eq!(revisions(&log, &stream(2), 0, Direction::Forward, 100), (0..59).collect::<Vec<_>>());
}

#[tokio::test]
async fn one_stream_alone_is_read_over_many_segments() {
    let place = Place::with_segments_of(4 << 10);
    let log = place.open();
    for n in 0..300u128 {
        commit(&log, unit(stream(1), Expected::at((n as u64).checked_sub(1)), [n + 1])).await;
    }
    assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 1000), (0..300).collect::<Vec<_>>());
    assert_eq!(revisions(&log, &stream(1), u64::MAX, Direction::Backward, 2), [299, 298]);
    assert_eq!(revisions(&log, &stream(1), 100, Direction::Backward, 200), (0..=100).rev().collect::<Vec<_>>());
}

/// Loads or builds every filter that can be.
fn keeps(log: &Log) {
    while log.keeper().unwrap().step() {}
}

/// Filters that are asked for a stream that is nowhere, on average, and segments that are looked at in vain.
fn cost_of_a_new_stream(log: &Log, merged: &Merged) -> (usize, usize) {
    let state = log.history().state.read();
    let (mut asked, mut in_vain, names) = (0, 0, 500);
    for n in 0..names {
        let hash = bloom::hash(stream(1_000_000 + n).as_str().as_bytes());
        let mut search = Search::new(&state.closed, merged, 0, Kind::Stream, hash);
        in_vain += search.by_ref().count();
        asked += search.asked;
    }
    (asked / names as usize, in_vain / names as usize)
}

#[tokio::test]
async fn a_new_stream_costs_nearly_the_same_however_many_segments_there_are() {
    let place = Place::with_segments_of(600);
    let (mut log, mut n, mut costs) = (place.open(), 0, Vec::new());
    for segments in [40, 330] {
        while log.history().state.read().closed.len() < segments {
            n += 1;
            commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
        }
        drop(log);
        log = place.open();
        keeps(&log);
        let merged = Arc::clone(&log.history().state.read().merged);
        let (asked, in_vain) = cost_of_a_new_stream(&log, &merged);
        let (without, _) = cost_of_a_new_stream(&log, &Merged::default());
        assert_eq!(without, log.history().state.read().closed.len());
        assert!(asked <= in_vain + 20 && asked < 25, "{asked} filters asked with {segments} segments");
        costs.push(asked);
    }
    assert!(costs[1] <= costs[0] + 15, "{costs:?}");
    for of in 1..=n {
        assert_eq!(log.revisions(&[stream(of)]).unwrap(), [Some(0)], "{of}");
        assert_eq!(log.find(&[id(of)]).unwrap(), [Some(Position(of as u64))], "{of}");
        assert_eq!(revisions(&log, &stream(of), 0, Direction::Forward, 2), [0]);
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_filter_over_segments_is_built_again() {
    let place = Place::with_segments_of(600);
    let log = place.open();
    let mut n = 0;
    while log.history().state.read().closed.len() < 17 {
        n += 1;
        commit(&log, unit(stream(n), Expected::NoStream, [n])).await;
    }
    drop(log);
    let path = Place::dir().join("00000000000000000001.f1");
    keeps(&place.open());
    let whole = place.disk.get(&path).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x11;
        place.disk.put(&path, damaged);
        let log = place.open();
        keeps(&log);
        assert_eq!(log.revisions(&[stream(1), stream(n), stream(n + 1)]).unwrap(), [Some(0), Some(0), None], "{at}");
        drop(log);
        assert_eq!(place.disk.get(&path).unwrap(), whole, "byte {at}");
    }
    place.disk.remove(&path).unwrap();
    assert_eq!(
        place.open().revisions(&[stream(1)]).unwrap(),
        [Some(0)],
        "without it the segments are asked one by one"
    );
}
