//! Against a real nats-server, a private child process on a free port. Without one (neither in `PATH` nor in
//! /usr/sbin) these tests say so and pass; the end-to-end suite of the production mode does not.

use crate::nats::connection::{Nats, Options};
use crate::nats::envelope;
use crate::nats::relay;
use crate::nats::source::NatsSource;
use domain::clock::Time;
use domain::conversation::event::MemberJoined;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, EventId, Hash16, LogId, Position};
use domain::recorded::{Fingerprint, Recorded};
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use futures_util::{StreamExt, stream};
use parking_lot::Mutex;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// A log in memory with positions that are not dense, and only what a relay and its readers ask of it.
#[derive(Clone)]
struct TestLog {
    id: LogId,
    events: Arc<Mutex<Vec<Arc<Recorded>>>>,
    head: Arc<watch::Sender<Position>>,
}

impl TestLog {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            id: LogId::new(Uuid::now_v7()),
            events: Arc::default(),
            head: Arc::new(watch::Sender::new(Position::START)),
        })
    }

    fn append(&self, count: usize) {
        let mut events = self.events.lock();
        for _ in 0..count {
            let position = Position(events.last().map_or(1, |event| event.position.0 + 3));
            let revision = events.len() as u64;
            events.push(Arc::new(recorded(position, revision)));
        }
        let head = events.last().unwrap().position;
        self.head.send_replace(head);
    }

    fn after(&self, position: Position, limit: usize) -> Vec<Arc<Recorded>> {
        let events = self.events.lock();
        let start = events.partition_point(|event| event.position <= position);
        events[start..].iter().take(limit).cloned().collect()
    }
}

fn recorded(position: Position, revision: u64) -> Recorded {
    let conversation = ConversationId::new(Uuid::from_u128(1));
    let account = AccountId::new(Uuid::from_u128(2));
    Recorded {
        position,
        stream: StreamName::conversation(conversation),
        revision,
        id: EventId::new(Uuid::now_v7()),
        schema_version: 1,
        occurred_at: Time::from_micros(1_500_000_000_000_001),
        recorded_at: Time::from_micros(1_600_000_000_000_002),
        actor: revision.is_multiple_of(2).then_some(account),
        correlation_id: Uuid::now_v7(),
        causation_id: revision.is_multiple_of(3).then(|| EventId::new(Uuid::now_v7())),
        fingerprint: revision.is_multiple_of(5).then_some(Fingerprint { key: Hash16([7; 16]), body: Hash16([8; 16]) }),
        event: Event::MemberJoined(MemberJoined { account, role: MemberRole::Admin }),
    }
}

impl EventSource for TestLog {
    fn log_id(&self) -> LogId {
        self.id
    }

    fn head(&self) -> Position {
        *self.head.borrow()
    }

    fn read_stream<'a>(
        &'a self,
        _: &'a StreamName,
        _: u64,
        _: Direction,
        _: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        unreachable!("neither the relay nor its readers read streams")
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        _: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        assert_eq!(direction, Direction::Forward);
        let events = self.after(from, limit);
        let next = events.last().map_or(from, |event| event.position);
        Box::pin(async move { Ok(LogSlice { at_end: events.len() < limit, next, events }) })
    }

    fn read_positions<'a>(&'a self, _: &'a [Position]) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        unreachable!("neither the relay nor its readers read positions")
    }

    fn subscribe(&self, after: Position) -> Subscription {
        let head = self.head.subscribe();
        Box::pin(stream::unfold((self.clone(), head, after), |(this, mut head, after)| async move {
            head.wait_for(|head| *head > after).await.ok()?;
            let batch: Batch = this.after(after, 256).into();
            let last = batch.last().unwrap().position;
            Some((Ok(batch), (this, head, last)))
        }))
    }
}

/// A nats-server of this test alone.
struct Server {
    binary: PathBuf,
    port: u16,
    directory: tempfile::TempDir,
    child: Child,
}

impl Server {
    /// None when there is no nats-server on this machine.
    fn start() -> Option<Self> {
        let Some(binary) = binary() else {
            writeln!(std::io::stderr(), "no nats-server here: not tested").unwrap();
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let child = spawn(&binary, port, directory.path());
        Some(Self { binary, port, directory, child })
    }

    fn options(&self) -> Options {
        Options::new(format!("nats://127.0.0.1:{}", self.port))
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn start_again(&mut self) {
        self.child = spawn(&self.binary, self.port, self.directory.path());
    }

    fn wipe(&mut self) {
        self.directory = tempfile::tempdir().unwrap();
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[expect(clippy::disallowed_methods, reason = "finds a program, not configuration")]
fn binary() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("nats-server"))
        .find(|file| file.is_file())
}

fn spawn(binary: &Path, port: u16, directory: &Path) -> Child {
    Command::new(binary)
        .args(["-js", "-a", "127.0.0.1", "-p", &port.to_string(), "-sd"])
        .arg(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// A relay and a reader of one log.
struct Rig {
    log: Arc<TestLog>,
    nats: Nats,
    relayed: watch::Receiver<Position>,
    reader: Subscription,
    seen: Vec<Arc<Recorded>>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Rig {
    async fn start(log: Arc<TestLog>, options: &Options) -> Self {
        let nats = Nats::connect(options, log.id).await.unwrap();
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let relayed = relay::start(log.clone(), nats.clone(), &tracker, stop.clone());
        let reader = NatsSource::new(log.clone(), nats.clone()).subscribe(Position::START);
        Self { log, nats, relayed, reader, seen: Vec::new(), stop, tracker }
    }

    async fn read(&mut self) {
        let batch = self.reader.next().await.unwrap().unwrap();
        self.seen.extend(batch.iter().cloned());
    }

    async fn read_up_to_head(&mut self) {
        let head = self.log.head();
        tokio::time::timeout(Duration::from_secs(30), async {
            while self.seen.last().is_none_or(|event| event.position < head) {
                self.read().await;
            }
        })
        .await
        .expect("the reader reaches the head of the log");
    }

    async fn relay_reaches_head(&mut self) {
        let head = self.log.head();
        tokio::time::timeout(Duration::from_secs(30), self.relayed.wait_for(|position| *position >= head))
            .await
            .expect("the relay reaches the head of the log")
            .unwrap();
    }

    /// Every event of the log, once, in order, as it was written.
    fn has_seen_everything(&self) -> bool {
        self.seen == *self.log.events.lock()
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[test]
fn an_event_is_read_back_from_its_message() {
    for revision in [0, 1, 2, 3, 5, 30] {
        let event = recorded(Position(9), revision);
        assert_eq!(envelope::decode(Position(9), envelope::encode(&event).unwrap()), Ok(event));
    }
    assert_eq!(envelope::decode(Position(9), "nothing".into()), Err(envelope::NotCarried));
    assert_eq!(envelope::decode(Position(9), bytes::Bytes::new()), Err(envelope::NotCarried));
}

#[test]
fn an_event_of_a_retired_shape_is_not_carried() {
    let event = Recorded { schema_version: 7, ..recorded(Position(9), 0) };
    assert_eq!(envelope::encode(&event), None);
}

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
