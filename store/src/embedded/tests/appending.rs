//! Judging: expectations, checks, atomic units, known ids, sizes.

use super::*;
use domain::limits::EVENT_MAX_BYTES;

#[tokio::test]
async fn positions_are_dense_from_one_and_revisions_from_zero() {
    let log = Place::new().open();
    assert_eq!(log.head(), Position(0));
    assert_eq!(commit(&log, unit(stream(1), Expected::NoStream, [1, 2])).await, Position(1));
    assert_eq!(commit(&log, unit(stream(2), Expected::NoStream, [3])).await, Position(3));
    assert_eq!(commit(&log, unit(stream(1), Expected::Exactly(1), [4])).await, Position(4));
    assert_eq!(log.head(), Position(4));
    assert_eq!(everything(&log), [(1, 1), (2, 2), (3, 3), (4, 4)]);
    assert_eq!(log.revisions(&[stream(1), stream(2), stream(3)]).unwrap(), [Some(2), Some(0), None]);
}

#[tokio::test]
async fn a_wrong_expectation_is_a_conflict_that_tells_the_revision() {
    let log = Place::new().open();
    commit(&log, unit(stream(1), Expected::NoStream, [1, 2])).await;
    for expected in [Expected::NoStream, Expected::Exactly(0), Expected::Exactly(2)] {
        let answer = log.append(vec![unit(stream(1), expected, [9])]).await.unwrap();
        assert_eq!(answer, [RawAppended::Conflict { stream: stream(1), actual: Some(1) }]);
    }
    let answer = log.append(vec![unit(stream(2), Expected::Exactly(0), [9])]).await.unwrap();
    assert_eq!(answer, [RawAppended::Conflict { stream: stream(2), actual: None }]);
    assert_eq!(log.head(), Position(2));
    commit(&log, unit(stream(1), Expected::Any, [3])).await;
}

#[tokio::test]
async fn a_unit_is_appended_as_a_whole_or_not_at_all() {
    let log = Place::new().open();
    commit(&log, unit(stream(2), Expected::NoStream, [1])).await;
    let both = |second| RawUnit {
        writes: vec![write(stream(1), Expected::NoStream, [2, 3]), write(stream(2), second, [4])],
        checks: Vec::new(),
    };
    let answer = log.append(vec![both(Expected::NoStream)]).await.unwrap();
    assert_eq!(answer, [RawAppended::Conflict { stream: stream(2), actual: Some(0) }]);
    assert_eq!(everything(&log), [(1, 1)]);
    assert_eq!(commit(&log, both(Expected::Exactly(0))).await, Position(2));
    assert_eq!(everything(&log), [(1, 1), (2, 2), (3, 3), (4, 4)]);
}

#[tokio::test]
async fn a_check_that_fails_stops_its_unit() {
    let log = Place::new().open();
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
    let checked = |expected| RawUnit {
        writes: vec![write(stream(2), Expected::NoStream, [2])],
        checks: vec![check(stream(1), expected)],
    };
    let answer = log.append(vec![checked(Expected::NoStream)]).await.unwrap();
    assert_eq!(answer, [RawAppended::Conflict { stream: stream(1), actual: Some(0) }]);
    commit(&log, checked(Expected::Exactly(0))).await;
}

#[tokio::test]
async fn units_of_one_call_are_judged_on_what_those_before_them_wrote() {
    let log = Place::new().open();
    let answers = log.append(vec![
        unit(stream(1), Expected::NoStream, [1]),
        unit(stream(1), Expected::NoStream, [2]),
        unit(stream(1), Expected::Exactly(0), [3]),
        RawUnit {
            writes: vec![write(stream(2), Expected::NoStream, [4])],
            checks: vec![check(stream(1), Expected::Exactly(0))],
        },
        unit(stream(1), Expected::Any, [5]),
        unit(stream(9), Expected::NoStream, [1]),
    ]);
    match answers.await.unwrap().as_slice() {
        [
            RawAppended::Committed(first),
            RawAppended::Conflict { actual: Some(0), .. },
            // What was to stand after the one that fell falls with it.
            RawAppended::Conflict { actual: Some(0), .. },
            RawAppended::Conflict { actual: Some(0), .. },
            RawAppended::Committed(any),
            RawAppended::Duplicate(Position(1)),
        ] => assert_eq!((first.first, any.first), (Position(1), Position(2))),
        other => panic!("{other:?}"),
    }
    assert_eq!(everything(&log), [(1, 1), (2, 5)]);
}

#[tokio::test]
async fn a_known_id_is_a_duplicate_before_expectations_are_looked_at() {
    let log = Place::new().open();
    commit(&log, unit(stream(1), Expected::NoStream, [1, 2])).await;
    let answer = log.append(vec![unit(stream(1), Expected::NoStream, [2])]).await.unwrap();
    assert_eq!(answer, [RawAppended::Duplicate(Position(2))]);
    assert_eq!(log.find(&[id(2), id(3), id(1)]).unwrap(), [Some(Position(2)), None, Some(Position(1))]);
}

#[tokio::test]
async fn an_oversized_event_is_refused_for_its_unit_alone() {
    let log = Place::new().open();
    let sized = |n: u128, bytes: usize| {
        let mut unit = unit(stream(n), Expected::NoStream, [n]);
        unit.writes[0].events[0].payload = vec![1; bytes].into();
        unit
    };
    let units = vec![sized(1, 10), sized(2, EVENT_MAX_BYTES + 1), sized(3, EVENT_MAX_BYTES)];
    let answers = log.append(units).await.unwrap();
    assert!(matches!(answers[..], [RawAppended::Committed(_), RawAppended::TooLarge, RawAppended::Committed(_)]));
    assert_eq!(log.head(), Position(2));
}

#[tokio::test]
async fn a_malformed_unit_is_refused_and_the_log_goes_on() {
    let log = Place::new().open();
    let twice = RawUnit {
        writes: vec![write(stream(1), Expected::Any, [1]), write(stream(1), Expected::Any, [2])],
        checks: Vec::new(),
    };
    for bad in [RawUnit::default(), unit(stream(1), Expected::Any, []), unit(stream(1), Expected::Any, [1, 1]), twice] {
        assert!(log.append(vec![bad]).await.is_err());
    }
    commit(&log, unit(stream(1), Expected::NoStream, [1])).await;
}

#[tokio::test]
async fn recorded_at_never_goes_back() {
    let place = Place::new();
    let log = place.open();
    let mut times = Vec::new();
    for (n, seconds) in [(1, 0), (2, -100), (3, 50), (4, 60)] {
        place.clock.moves_by_seconds(seconds);
        match &log.append(vec![unit(stream(n), Expected::NoStream, [n])]).await.unwrap()[0] {
            RawAppended::Committed(placed) => times.push(placed.recorded_at),
            other => panic!("{other:?}"),
        }
    }
    assert!(times.is_sorted() && times[2] < times[3], "{times:?}");
    drop(log);
    place.clock.moves_by_seconds(-1000);
    let log = place.open();
    match &log.append(vec![unit(stream(5), Expected::NoStream, [5])]).await.unwrap()[0] {
        RawAppended::Committed(placed) => assert_eq!(placed.recorded_at, times[3]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_at_once_on_one_stream_each_revision_is_won_once() {
    let log = Arc::new(Place::with_segments_of(8 << 10).open());
    let tasks: Vec<_> = (0..16u128)
        .map(|task| {
            let log = Arc::clone(&log);
            tokio::spawn(async move {
                for n in 0..20 {
                    loop {
                        let newest = log.revisions(&[stream(1)]).unwrap()[0];
                        let unit = unit(stream(1), Expected::at(newest), [task * 1000 + n + 1]);
                        match &log.append(vec![unit]).await.unwrap()[0] {
                            RawAppended::Committed(_) => break,
                            RawAppended::Conflict { .. } => {}
                            other => panic!("{other:?}"),
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(log.head(), Position(320));
    assert_eq!(revisions(&log, &stream(1), 0, Direction::Forward, 1000), (0..320).collect::<Vec<_>>());
}
