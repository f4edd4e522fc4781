//! Reading by stream, by position, by id; filters, limits, both directions.

use super::{Subject, conversation, new, new_of, positions, revisions, stream, unit};
use crate::log::Expected;
use domain::conversation::event::MemberLeft;
use domain::event::EventType;
use domain::ids::{AccountId, EventId, Position};
use domain::recorded::Recorded;
use domain::source::{Direction, Filter};
use std::sync::Arc;
use uuid::Uuid;

pub(super) async fn an_empty_log_is_empty(subject: Subject) {
    let log = &subject.log;
    assert_eq!(log.head(), Position::START);
    let slice = log.read_stream(&stream(1), 0, Direction::Forward, 9).await.unwrap();
    assert!(slice.events.is_empty() && slice.revision.is_none());
    for direction in [Direction::Forward, Direction::Backward] {
        let slice = log.read_all(Position::START, direction, 9, &Filter::default()).await.unwrap();
        assert!(slice.events.is_empty() && slice.at_end);
    }
    assert_eq!(log.find(&[EventId::new(Uuid::from_u128(1))]).await.unwrap(), [None]);
    assert_eq!(log.revisions(&[stream(1), stream(2)]).await.unwrap(), [None, None]);
    assert!(log.read_positions(&[Position(1)]).await.unwrap().is_empty());
}

pub(super) async fn a_stream_is_read_in_both_directions_within_limits(subject: Subject) {
    for _ in 0..5 {
        subject.fill(stream(1), 2).await;
        subject.fill(stream(2), 1).await;
    }
    let read = async |from, direction, limit| {
        let slice = subject.log.read_stream(&stream(1), from, direction, limit).await.unwrap();
        assert!(slice.events.iter().all(|event| event.stream == stream(1)));
        assert_eq!(slice.revision, Some(9));
        revisions(&slice.events)
    };
    assert!(read(0, Direction::Forward, 100).await.into_iter().eq(0..10));
    assert_eq!(read(3, Direction::Forward, 4).await, [3, 4, 5, 6]);
    assert_eq!(read(8, Direction::Forward, 4).await, [8, 9]);
    assert!(read(10, Direction::Forward, 4).await.is_empty());
    assert_eq!(read(u64::MAX, Direction::Backward, 3).await, [9, 8, 7]);
    assert_eq!(read(2, Direction::Backward, 100).await, [2, 1, 0]);
    assert_eq!(read(9, Direction::Backward, 1).await, [9]);
}

async fn page_through(subject: &Subject, mut from: Position, direction: Direction) -> Vec<Arc<Recorded>> {
    let mut events = vec![];
    loop {
        let slice = subject.log.read_all(from, direction, 7, &Filter::default()).await.unwrap();
        assert!(slice.events.len() <= 7);
        events.extend(slice.events);
        if slice.at_end {
            return events;
        }
        assert_ne!(slice.next, from, "a page that is not the last one goes on");
        from = slice.next;
    }
}

pub(super) async fn the_log_is_read_in_both_directions_page_by_page(subject: Subject) {
    let mut expected = vec![];
    for n in 0..10 {
        expected.extend(subject.fill(stream(n % 3), 3).await);
    }
    let forward = page_through(&subject, Position::START, Direction::Forward).await;
    assert_eq!(positions(&forward), positions(&expected));
    let middle = expected[14].position;
    let rest = page_through(&subject, middle, Direction::Forward).await;
    assert_eq!(positions(&rest), positions(&expected[15..]), "from is exclusive");
    let earlier = page_through(&subject, middle, Direction::Backward).await;
    expected.reverse();
    assert_eq!(positions(&earlier), positions(&expected[16..]), "from is exclusive backward too");
    let beyond = Position(subject.log.head().0 + 1);
    let backward = page_through(&subject, beyond, Direction::Backward).await;
    assert_eq!(positions(&backward), positions(&expected));
    let after_the_end = subject.log.read_all(subject.log.head(), Direction::Forward, 7, &Filter::default()).await;
    assert!(after_the_end.is_ok_and(|slice| slice.events.is_empty() && slice.at_end));
}

pub(super) async fn a_filter_gives_what_matches_and_ends(subject: Subject) {
    let left = || new_of(MemberLeft { account: AccountId::new(Uuid::from_u128(7)) });
    for _ in 0..5 {
        subject.fill(stream(1), 2).await;
        subject.commit(unit(conversation(1), Expected::Any, [left(), new()])).await;
    }
    let matching = async |filter: &Filter, direction| {
        let start = if direction == Direction::Forward { 0 } else { subject.log.head().0 + 1 };
        let (mut from, mut events) = (Position(start), vec![]);
        loop {
            let slice = subject.log.read_all(from, direction, 2, filter).await.unwrap();
            events.extend(slice.events);
            if slice.at_end {
                return events;
            }
            from = slice.next;
        }
    };
    let prefixes = |prefixes: &[&str]| prefixes.iter().map(|prefix| (*prefix).to_owned()).collect::<Vec<_>>();
    let by_prefix = Filter { stream_prefixes: prefixes(&["conversation-"]), types: vec![] };
    let by_type = Filter { stream_prefixes: vec![], types: vec![EventType::MemberLeft] };
    let by_both = Filter { types: vec![EventType::ReactionAdded], ..by_prefix.clone() };
    let by_none = Filter { stream_prefixes: prefixes(&["keys-"]), types: vec![] };
    let by_either = Filter { stream_prefixes: prefixes(&["conversation-", "story-"]), types: vec![] };
    for (filter, count) in [(by_prefix, 10), (by_type, 5), (by_both, 5), (by_none, 0), (by_either, 20)] {
        let mut forward = matching(&filter, Direction::Forward).await;
        assert_eq!(forward.len(), count, "{filter:?}");
        assert!(forward.iter().all(|event| filter.matches(event.stream.as_str(), event.event.event_type())));
        forward.reverse();
        assert_eq!(positions(&matching(&filter, Direction::Backward).await), positions(&forward));
    }
}

pub(super) async fn positions_are_read_in_the_asked_order(subject: Subject) {
    let events = subject.fill(stream(1), 4).await;
    let asked = [events[3].position, Position(u64::MAX >> 1), events[0].position, Position::START];
    let read = subject.log.read_positions(&asked).await.unwrap();
    assert_eq!(read, [events[3].clone(), events[0].clone()]);
}

pub(super) async fn ids_are_found_where_they_are(subject: Subject) {
    let events = subject.fill(stream(1), 3).await;
    let ids = [events[2].id, EventId::new(Uuid::from_u128(1)), events[0].id];
    let found = subject.log.find(&ids).await.unwrap();
    assert_eq!(found, [Some(events[2].position), None, Some(events[0].position)]);
}

pub(super) async fn revisions_are_those_of_the_newest_events(subject: Subject) {
    subject.fill(stream(1), 3).await;
    subject.fill(stream(2), 1).await;
    let found = subject.log.revisions(&[stream(2), stream(3), stream(1)]).await.unwrap();
    assert_eq!(found, [Some(0), None, Some(2)]);
}
