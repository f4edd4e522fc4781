//! A log in memory, a server of NATS, a relay and a reader.

use crate::nats::connection::{Nats, Options};
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
pub struct TestLog {
    pub id: LogId,
    pub events: Arc<Mutex<Vec<Arc<Recorded>>>>,
    head: Arc<watch::Sender<Position>>,
}

impl TestLog {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            id: LogId::new(Uuid::now_v7()),
            events: Arc::default(),
            head: Arc::new(watch::Sender::new(Position::START)),
        })
    }

    pub fn append(&self, count: usize) {
        let mut events = self.events.lock();
        for _ in 0..count {
            let position = Position(events.last().map_or(1, |event| event.position.0 + 3));
            let revision = events.len() as u64;
            events.push(Arc::new(recorded(position, revision)));
        }
        let head = events.last().unwrap().position;
        self.head.send_replace(head);
    }

    /// As if these had been given back to the disk: only a stub is left, which nobody is shown.
    pub fn reclaim(&self, positions: impl Fn(Position) -> bool) {
        self.events.lock().retain(|event| !positions(event.position));
    }

    pub fn after(&self, position: Position, limit: usize) -> Vec<Arc<Recorded>> {
        let events = self.events.lock();
        let start = events.partition_point(|event| event.position <= position);
        events[start..].iter().take(limit).cloned().collect()
    }
}

pub fn recorded(position: Position, revision: u64) -> Recorded {
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
pub struct Server {
    binary: PathBuf,
    port: u16,
    directory: tempfile::TempDir,
    child: Child,
}

impl Server {
    /// None when there is no nats-server on this machine.
    pub fn start() -> Option<Self> {
        let Some(binary) = binary() else {
            writeln!(std::io::stderr(), "no nats-server here: not tested").unwrap();
            return None;
        };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let directory = tempfile::tempdir().unwrap();
        let child = spawn(&binary, port, directory.path());
        Some(Self { binary, port, directory, child })
    }

    pub fn options(&self) -> Options {
        Options::new(format!("nats://127.0.0.1:{}", self.port))
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.child = spawn(&self.binary, self.port, self.directory.path());
    }

    pub fn wipe(&mut self) {
        self.directory = tempfile::tempdir().unwrap();
    }

    pub fn signal(&self, name: &str) {
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
pub struct Rig {
    pub log: Arc<TestLog>,
    pub nats: Nats,
    relayed: watch::Receiver<Position>,
    pub reader: Subscription,
    pub seen: Vec<Arc<Recorded>>,
    stop: CancellationToken,
    tracker: TaskTracker,
}

impl Rig {
    pub async fn start(log: Arc<TestLog>, options: &Options) -> Self {
        let nats = Nats::connect(options, log.id).await.unwrap();
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let relayed = relay::start(log.clone(), nats.clone(), &tracker, stop.clone());
        let reader = NatsSource::new(log.clone(), nats.clone()).subscribe(Position::START);
        Self { log, nats, relayed, reader, seen: Vec::new(), stop, tracker }
    }

    pub async fn read(&mut self) {
        let batch = self.reader.next().await.unwrap().unwrap();
        self.seen.extend(batch.iter().cloned());
    }

    pub async fn read_up_to_head(&mut self) {
        let head = self.log.head();
        tokio::time::timeout(Duration::from_secs(30), async {
            while self.seen.last().is_none_or(|event| event.position < head) {
                self.read().await;
            }
        })
        .await
        .expect("the reader reaches the head of the log");
    }

    pub async fn relay_reaches_head(&mut self) {
        let head = self.log.head();
        tokio::time::timeout(Duration::from_secs(30), self.relayed.wait_for(|position| *position >= head))
            .await
            .expect("the relay reaches the head of the log")
            .unwrap();
    }

    /// Every event of the log, once, in order, as it was written.
    pub fn has_seen_everything(&self) -> bool {
        self.seen == *self.log.events.lock()
    }

    pub async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
