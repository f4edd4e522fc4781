//! Subscriptions: everything once, in order, however it is written meanwhile.

use super::{Subject, new, positions, stream, unit};
use crate::log::Expected;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{Direction, Filter, Subscription};
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::task::JoinSet;

const WRITERS: u128 = 4;
const UNITS_EACH: usize = 100;

/// Takes events until `count` are there. Whole batches are at least one event.
async fn take(subscription: &mut Subscription, count: usize) -> Vec<Arc<Recorded>> {
    let mut events: Vec<Arc<Recorded>> = vec![];
    while events.len() < count {
        let batch = subscription.next().await.unwrap().unwrap();
        assert!(!batch.is_empty());
        events.extend(batch.iter().cloned());
    }
    events
}

pub(super) async fn a_subscription_catches_up_and_stays_live(subject: Subject) {
    let first = subject.fill(stream(1), 3).await;
    let mut from_start = subject.log.subscribe(Position::START);
    let mut from_second = subject.log.subscribe(first[1].position);
    let mut from_head = subject.log.subscribe(subject.log.head());
    assert_eq!(take(&mut from_start, 3).await, first);
    assert_eq!(take(&mut from_second, 1).await, first[2..]);
    let second = subject.fill(stream(2), 2).await;
    for subscription in [&mut from_start, &mut from_second, &mut from_head] {
        assert_eq!(take(subscription, 2).await, second);
    }
}

async fn write_along(subject: Subject, n: u128) {
    for turn in 0..UNITS_EACH {
        let events = (0..=turn % 3).map(|_| new());
        subject.commit(unit(stream(n), Expected::Any, events)).await;
        if turn % 7 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

/// Subscribes again and again from where it is, so that catching up meets the live end many times.
async fn follow(subject: Subject, until: usize, renewed_after: usize) -> Vec<Position> {
    let mut seen = vec![];
    while seen.len() < until {
        let after = seen.last().copied().unwrap_or(Position::START);
        let mut subscription = subject.log.subscribe(after);
        let wanted = renewed_after.min(until - seen.len());
        seen.extend(positions(&take(&mut subscription, wanted).await));
    }
    seen
}

pub(super) async fn subscriptions_have_neither_gap_nor_repeat_under_concurrent_appends(subject: Subject) {
    let each: usize = (0..UNITS_EACH).map(|turn| 1 + turn % 3).sum();
    let total = each * usize::try_from(WRITERS).unwrap();
    let writers: JoinSet<()> = (0..WRITERS).map(|n| write_along(subject.clone(), n)).collect();
    let renewed = [1, 10, 100, total].into_iter();
    let followers: JoinSet<_> = renewed.map(|after| follow(subject.clone(), total, after)).collect();
    let followed = followers.join_all().await;
    writers.join_all().await;
    let all = subject.log.read_all(Position::START, Direction::Forward, total + 1, &Filter::default()).await;
    let expected = positions(&all.unwrap().events);
    assert_eq!(expected.len(), total);
    for seen in followed {
        assert_eq!(seen, expected);
    }
}
