//! What a stream keeps: by count, by age, by truncation, and that one was deleted. Revisions go on all the same.

use super::{Subject, checked, committed, conflict, new, positions, revisions, stream, unit, write};
use crate::log::{Appended, Expected};
use domain::ids::{AccountId, ConversationId, Position, SessionId};
use domain::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS;
use domain::source::{Direction, Filter, StreamSlice};
use domain::stream::StreamName;
use futures_util::StreamExt;
use uuid::Uuid;

async fn read(subject: &Subject, stream: &StreamName, direction: Direction) -> StreamSlice {
    let from = if direction == Direction::Forward { 0 } else { u64::MAX };
    subject.log.read_stream(stream, from, direction, 100).await.unwrap()
}

pub(super) async fn a_stream_with_a_max_count_shows_its_newest_event_only(subject: Subject) {
    let read_by = StreamName::read(AccountId::new(Uuid::from_u128(1)), ConversationId::new(Uuid::from_u128(2)));
    subject.fill(read_by.clone(), 5).await;
    subject.commit(unit(read_by.clone(), Expected::Exactly(4), [new()])).await;
    for direction in [Direction::Forward, Direction::Backward] {
        let slice = read(&subject, &read_by, direction).await;
        assert_eq!((revisions(&slice.events), slice.revision), (vec![5], Some(5)));
    }
}

pub(super) async fn a_stream_with_a_max_age_shows_what_is_young(subject: Subject) {
    let session = StreamName::session(SessionId::new(Uuid::from_u128(1)));
    subject.fill(session.clone(), 2).await;
    subject.clock.move_by_seconds(REFRESH_TOKEN_LIFE_MAX_SECONDS - 10);
    subject.fill(session.clone(), 1).await;
    assert_eq!(revisions(&read(&subject, &session, Direction::Forward).await.events), [0, 1, 2]);
    subject.clock.move_by_seconds(11);
    for direction in [Direction::Forward, Direction::Backward] {
        let slice = read(&subject, &session, direction).await;
        assert_eq!((revisions(&slice.events), slice.revision), (vec![2], Some(2)));
    }
    subject.clock.move_by_seconds(REFRESH_TOKEN_LIFE_MAX_SECONDS);
    let slice = read(&subject, &session, Direction::Forward).await;
    assert_eq!((revisions(&slice.events), slice.revision), (vec![], Some(2)));
    let next = subject.commit(unit(session.clone(), Expected::Exactly(2), [new()])).await;
    assert_eq!(revisions(&next), [3]);
}

pub(super) async fn a_truncated_stream_shows_the_rest_and_goes_on(subject: Subject) {
    let one = stream(1);
    subject.fill(one.clone(), 5).await;
    subject.log.truncate(&one, 3).await.unwrap();
    let shown = async |direction| revisions(&read(&subject, &one, direction).await.events);
    assert_eq!(shown(Direction::Forward).await, [3, 4]);
    assert_eq!(shown(Direction::Backward).await, [4, 3]);
    subject.log.truncate(&one, 1).await.unwrap();
    assert_eq!(shown(Direction::Forward).await, [3, 4], "a truncation never moves back");
    subject.log.truncate(&one, 5).await.unwrap();
    assert!(shown(Direction::Forward).await.is_empty());
    assert_eq!(subject.revision(one.clone()).await, Some(4));
    subject.commit(unit(one.clone(), Expected::Exactly(4), [new()])).await;
    assert_eq!(shown(Direction::Forward).await, [5]);
}

pub(super) async fn a_deleted_stream_shows_nothing_and_takes_nothing(subject: Subject) {
    let (one, two, unknown) = (stream(1), stream(2), stream(3));
    let events = subject.fill(one.clone(), 3).await;
    subject.fill(two.clone(), 2).await;
    subject.log.delete(&one).await.unwrap();
    subject.log.delete(&one).await.unwrap();
    subject.log.delete(&unknown).await.unwrap();
    for direction in [Direction::Forward, Direction::Backward] {
        let slice = read(&subject, &one, direction).await;
        assert_eq!((revisions(&slice.events), slice.revision), (vec![], Some(2)));
    }
    assert!(subject.log.read_positions(&positions(&events)).await.unwrap().is_empty());
    for (stream, expected) in
        [(&one, Expected::Any), (&one, Expected::Exactly(2)), (&one, Expected::NoStream), (&unknown, Expected::Any)]
    {
        let mut both = unit(two.clone(), Expected::Any, [new()]);
        both.writes.push(write(stream.clone(), expected, [new()]));
        let others = unit(two.clone(), Expected::Any, [new()]);
        let mut answers = subject.append([both, others]).await.into_iter();
        match answers.next() {
            Some(Appended::Deleted { stream: named }) => assert_eq!(named, *stream),
            other => panic!("{other:?}"),
        }
        committed(answers.next().unwrap());
    }
    assert_eq!(subject.revision(two.clone()).await, Some(5), "units of others are not touched");
    // What rests on it sees that it was there once.
    let resting = checked(unit(two.clone(), Expected::Any, [new()]), one.clone(), Expected::NoStream);
    assert_eq!(conflict(subject.append([resting]).await.remove(0)), (one.clone(), Some(2)));
    let again = subject.log.find(&[events[1].id]).await.unwrap();
    assert_eq!(again, [Some(events[1].position)], "a repeat of what was appended before is still known");
}

pub(super) async fn whoever_reads_the_whole_log_passes_over_deleted_streams_and_reaches_its_head(subject: Subject) {
    let (one, two) = (stream(1), stream(2));
    subject.fill(one.clone(), 2).await;
    subject.fill(two.clone(), 2).await;
    subject.fill(one.clone(), 300).await;
    let last = subject.fill(two.clone(), 1).await;
    subject.log.delete(&one).await.unwrap();
    let everything = Filter::default();
    let slice = subject.log.read_all(Position::START, Direction::Forward, 1_000, &everything).await.unwrap();
    assert_eq!(positions(&slice.events), [3, 4, 305].map(Position));
    assert_eq!((slice.next, slice.at_end), (Position(305), true));
    let slice = subject.log.read_all(Position(306), Direction::Backward, 2, &everything).await.unwrap();
    assert_eq!(positions(&slice.events), [305, 4].map(Position));
    let mut follower = subject.log.subscribe(Position::START);
    let mut seen = Vec::new();
    while seen.last() != Some(&last[0].position) {
        let batch = follower.next().await.unwrap().unwrap();
        assert!(!batch.is_empty());
        seen.extend(positions(&batch));
    }
    assert_eq!(seen, [3, 4, 305].map(Position));
    // The newest event is given in any case.
    subject.log.delete(&two).await.unwrap();
    let slice = subject.log.read_all(Position::START, Direction::Forward, 1_000, &everything).await.unwrap();
    assert_eq!((positions(&slice.events), slice.at_end), (vec![Position(305)], true));
    let mut follower = subject.log.subscribe(Position::START);
    assert_eq!(positions(&follower.next().await.unwrap().unwrap()), [Position(305)]);
}
