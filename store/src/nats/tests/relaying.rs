//! A relay and its readers, while NATS is well, is not, and is gone.

use super::rig::{Rig, Server, TestLog};
use crate::nats::connection::Options;
use crate::nats::envelope;
use domain::ids::Position;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_order_and_the_stream_holds_each_once() {
    let Some(server) = Server::start() else { return };
    let log = TestLog::new();
    log.append(3_000);
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    rig.read_up_to_head().await;
    rig.relay_reaches_head().await;
    for _ in 0..50 {
        log.append(100);
        rig.read_up_to_head().await;
    }
    rig.relay_reaches_head().await;
    assert!(rig.has_seen_everything());

    let stream = rig.nats.jetstream.get_stream(rig.nats.stream_name()).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 8_000);
    let mut previous = Position::START;
    for sequence in [1, 2, 3] {
        let message = stream.get_raw_message(sequence).await.unwrap();
        let header = |name: &str| message.headers.get(name).unwrap().as_str().parse::<Position>().unwrap();
        assert_eq!(header(envelope::PREVIOUS), previous);
        previous = header(envelope::POSITION);
    }
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_from_nats_and_not_from_the_log_while_nats_is_well() {
    let Some(server) = Server::start() else { return };
    let log = TestLog::new();
    log.append(1);
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    rig.read_up_to_head().await;
    rig.relay_reaches_head().await;
    // The consumer is there once an event that the reader has not seen comes as another object than the log's.
    tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            log.append(1);
            rig.read_up_to_head().await;
            let from_log = log.events.lock().last().cloned().unwrap();
            if !Arc::ptr_eq(&from_log, rig.seen.last().unwrap()) {
                break;
            }
        }
    })
    .await
    .expect("an event comes over NATS");
    assert!(rig.has_seen_everything());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_wiping_and_pausing_nats_delays_and_loses_nothing() {
    let Some(mut server) = Server::start() else { return };
    let log = TestLog::new();
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    log.append(500);
    rig.read_up_to_head().await;
    rig.relay_reaches_head().await;

    server.kill();
    log.append(500);
    rig.read_up_to_head().await;
    server.start_again();
    log.append(500);
    rig.relay_reaches_head().await;
    rig.read_up_to_head().await;

    server.kill();
    server.wipe();
    log.append(500);
    server.start_again();
    log.append(500);
    rig.relay_reaches_head().await;
    rig.read_up_to_head().await;

    server.signal("-STOP");
    log.append(500);
    rig.read_up_to_head().await;
    server.signal("-CONT");
    log.append(500);
    rig.relay_reaches_head().await;
    rig.read_up_to_head().await;
    assert!(rig.has_seen_everything());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_or_deleted_stream_is_filled_with_what_comes() {
    let Some(server) = Server::start() else { return };
    let log = TestLog::new();
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    log.append(100);
    rig.relay_reaches_head().await;
    rig.nats.stream().await.unwrap().purge().await.unwrap();
    log.append(100);
    rig.relay_reaches_head().await;
    rig.nats.jetstream.delete_stream(rig.nats.stream_name()).await.unwrap();
    log.append(100);
    rig.relay_reaches_head().await;
    rig.read_up_to_head().await;
    assert!(rig.has_seen_everything());
    assert_eq!(rig.nats.stream().await.unwrap().cached_info().state.messages, 300);
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_readers_follow_the_log() {
    let log = TestLog::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut rig = Rig::start(log.clone(), &Options::new(format!("nats://127.0.0.1:{port}"))).await;
    for _ in 0..3 {
        log.append(2_000);
        rig.read_up_to_head().await;
    }
    assert!(rig.has_seen_everything());
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_others_in_the_stream_are_passed_over() {
    let Some(server) = Server::start() else { return };
    let log = TestLog::new();
    let mut rig = Rig::start(log.clone(), &server.options()).await;
    log.append(10);
    rig.relay_reaches_head().await;
    let subject = rig.nats.subject().to_owned();
    rig.nats.jetstream.publish(subject, "not one of ours".into()).await.unwrap().await.unwrap();
    log.append(10);
    rig.read_up_to_head().await;
    rig.relay_reaches_head().await;
    assert!(rig.has_seen_everything());
    rig.stop().await;
}

/// The mutant that the tests of the whole product must notice too: without gap checks, killing NATS loses events.
#[cfg(feature = "mutants")]
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_and_a_reader_that_ignore_gaps_lose_events() {
    let Some(mut server) = Server::start() else { return };
    let log = TestLog::new();
    let mut rig = Rig::start(log.clone(), &Options { ignore_gaps: true, ..server.options() }).await;
    log.append(500);
    rig.relay_reaches_head().await;
    server.kill();
    log.append(500);
    server.start_again();
    let lost = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            log.append(1);
            let came = tokio::time::timeout(Duration::from_millis(200), rig.read()).await;
            let all = log.events.lock().clone();
            if came.is_ok() && rig.seen.last() == all.last() && rig.seen != all {
                break;
            }
        }
    });
    lost.await.expect("the mutant skips events");
    rig.stop().await;
}
