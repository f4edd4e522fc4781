//! What a stream keeps: by count, by age, by truncation. Revisions go on all the same.

use super::{Subject, new, revisions, stream, unit};
use crate::log::Expected;
use domain::ids::{AccountId, ConversationId, SessionId};
use domain::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS;
use domain::source::{Direction, StreamSlice};
use domain::stream::StreamName;
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
