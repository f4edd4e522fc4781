//! A log of which events were given back to the disk.

use super::rig::{Rig, Server, TestLog};
use crate::nats::source::NatsSource;
use domain::ids::Position;
use domain::source::EventSource;
use futures_util::StreamExt;
use std::time::Duration;

/// Everything after a position up to the log's head, as a reader over NATS gets it.
async fn read(rig: &Rig, after: Position) -> Vec<Position> {
    let mut reader = NatsSource::new(rig.log.clone(), rig.nats.clone()).subscribe(after);
    let (head, mut seen) = (rig.log.head(), Vec::new());
    let reading = async {
        while seen.last() != Some(&head) {
            seen.extend(reader.next().await.unwrap().unwrap().iter().map(|event| event.position));
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.expect("the reader reaches the head of the log");
    seen
}

/// The mutant that it kills: taking positions that are missing in the log for events that NATS has lost.
#[tokio::test(flavor = "multi_thread")]
async fn readers_go_on_over_events_that_are_stubs_only() {
    let Some(mut server) = Server::start() else { return };
    let log = TestLog::new();
    log.append(300);
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    rig.read_up_to_head().await;
    rig.relay_reaches_head().await;
    let before: Vec<Position> = rig.seen.iter().map(|event| event.position).collect();
    let is_given_back = |position: Position| (200..500).contains(&position.0) || position.0.is_multiple_of(7);
    log.reclaim(is_given_back);
    let within = Position(301);

    // Those who are up to date, who come new, and whose place is no event any more, while NATS has all that there was.
    log.append(50);
    rig.read_up_to_head().await;
    let kept: Vec<Position> = log.events.lock().iter().map(|event| event.position).collect();
    let later: Vec<Position> = kept.iter().copied().filter(|position| *position > within).collect();
    rig.relay_reaches_head().await;
    assert_eq!(read(&rig, within).await, later);
    assert_eq!(read(&rig, Position::START).await, kept);

    // And once NATS was wiped, so that the stubs were never relayed.
    server.kill();
    server.wipe();
    server.start_again();
    log.append(50);
    rig.relay_reaches_head().await;
    rig.read_up_to_head().await;
    let kept: Vec<Position> = log.events.lock().iter().map(|event| event.position).collect();
    let later: Vec<Position> = kept.iter().copied().filter(|position| *position > within).collect();
    assert_eq!(read(&rig, within).await, later);
    assert_eq!(read(&rig, Position::START).await, kept);
    let seen: Vec<Position> = rig.seen.iter().map(|event| event.position).collect();
    let last = before.last().copied().unwrap();
    let expected: Vec<Position> =
        before.into_iter().chain(kept.into_iter().filter(|position| *position > last)).collect();
    assert_eq!(seen, expected, "what was read is not read again, and nothing is left out");
    rig.stop().await;
}
