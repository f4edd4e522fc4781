//! What applying events costs: `cargo run --release -p projections --example apply_bench -- [URL [GATHER_MS
//! [CATCH_UP_EVENTS [LIVE_SECONDS]]]]` with a URL of `sqlite:DIR` or `postgres://…`.
//!
//! Generates messages over many conversations in memory, lets every projection apply them, first as fast as it goes,
//! then live at 12,000 events/s in small batches, and prints events/s and CPU time per event.

use bytes::Bytes;
use domain::clock::Time;
use domain::conversation::event::{ConversationCreated, MemberJoined};
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId, Hash16, LogId, Position};
use domain::message::event::MessageSent;
use domain::recorded::Recorded;
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use domain::words::{Content, Field, KeyRef, Purpose, SealedField, Subject, Words, WordsFault};
use projections::database::url::DatabaseUrl;
use projections::projection::ALL;
use projections::projections::{Options, Projections};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

const CONVERSATIONS: u64 = 2_000;
const MEMBERS: u64 = 4;
const CATCH_UP_EVENTS: u64 = 400_000;
const LIVE_EVENTS_PER_SECOND: u64 = 12_000;
const LIVE_SECONDS: u64 = 8;
const LIVE_BATCH: u64 = 60;
const WORD_BYTES: usize = 24 + 16 + 80;

struct NoWords;

impl Words for NoWords {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<Bytes>>, WordsFault>> {
        Box::pin(async move { Ok(fields.iter().map(|_| Content::Erased).collect()) })
    }

    fn hash(&self, _: Purpose, _: &[&[u8]]) -> Hash16 {
        Hash16([0; 16])
    }
}

/// A log of what is sent into a channel.
struct Channel {
    head: AtomicU64,
    batches: Mutex<Option<mpsc::Receiver<Batch>>>,
}

impl EventSource for Channel {
    fn log_id(&self) -> LogId {
        LogId::new(Uuid::nil())
    }

    fn head(&self) -> Position {
        Position(self.head.load(Ordering::Relaxed))
    }

    fn read_stream<'a>(
        &'a self,
        _: &'a StreamName,
        _: u64,
        _: Direction,
        _: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        Box::pin(async { Err(SourceFault::Closed) })
    }

    fn read_all<'a>(
        &'a self,
        _: Position,
        _: Direction,
        _: usize,
        _: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        Box::pin(async { Err(SourceFault::Closed) })
    }

    fn read_positions<'a>(&'a self, _: &'a [Position]) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        Box::pin(async { Err(SourceFault::Closed) })
    }

    fn subscribe(&self, _: Position) -> Subscription {
        let receiver = self.batches.lock().ok().and_then(|mut taken| taken.take());
        Box::pin(futures_util::stream::unfold(receiver, |receiver| async move {
            let mut receiver = receiver?;
            let batch = receiver.recv().await?;
            Some((Ok(batch), Some(receiver)))
        }))
    }
}

#[derive(Default)]
struct Generator {
    position: u64,
    heads: Vec<u64>,
    random: u64,
}

fn id(space: u64, number: u64) -> Uuid {
    // Spread over the key space, as version 7 ids of a day are and hashes always.
    Uuid::from_u64_pair(number.wrapping_mul(0x9E37_79B9_7F4A_7C15), space << 32 | number)
}

fn account(number: u64) -> AccountId {
    AccountId::new(id(1, number))
}

impl Generator {
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }

    fn record(&mut self, stream: StreamName, revision: u64, event: Event) -> Arc<Recorded> {
        self.position += 1;
        let at = Time::from_micros(1_760_000_000_000_000 + self.position as i64 * 83);
        Arc::new(Recorded {
            position: Position(self.position),
            stream,
            revision,
            id: EventId::new(id(3, self.position)),
            schema_version: 1,
            occurred_at: at,
            recorded_at: at,
            actor: None,
            correlation_id: id(4, self.position),
            causation_id: None,
            fingerprint: None,
            event,
        })
    }

    fn conversations(&mut self) -> Vec<Arc<Recorded>> {
        let mut events = Vec::new();
        for number in 0..CONVERSATIONS {
            let conversation = ConversationId::new(id(2, number));
            let stream = StreamName::conversation(conversation);
            let created = ConversationCreated {
                conversation,
                kind: ConversationKind::Direct,
                privacy_mode: PrivacyMode::Searchable,
                created_by: account(number * MEMBERS),
                words: None,
            };
            events.push(self.record(stream.clone(), 0, created.into()));
            for member in 0..MEMBERS {
                let joined = MemberJoined { account: account(number * MEMBERS + member), role: MemberRole::Member };
                events.push(self.record(stream.clone(), member + 1, joined.into()));
            }
            self.heads.push(0);
        }
        events
    }

    fn message(&mut self) -> Arc<Recorded> {
        let number = self.next_random() % CONVERSATIONS;
        let conversation = ConversationId::new(id(2, number));
        let sender = account(number * MEMBERS + self.next_random() % MEMBERS);
        let stream = StreamName::timeline(conversation);
        let words = SealedField {
            stream: stream.clone(),
            event: EventId::new(id(3, self.position + 1)),
            event_type: EventType::MessageSent,
            schema_version: 1,
            field: 3,
            author: Some(KeyRef { subject: Subject::Account(sender), generation: 1 }),
            scope: KeyRef { subject: Subject::Conversation(conversation), generation: 1 },
            bytes: Bytes::from(vec![7; WORD_BYTES]),
        };
        let revision = self.heads[number as usize];
        self.heads[number as usize] += 1;
        let reply_to = None;
        let words = Field::Sealed(words);
        self.record(stream, revision, MessageSent { sender, reply_to, words, mentions: vec![], period: None }.into())
    }

    fn messages(&mut self, count: u64) -> Batch {
        (0..count).map(|_| self.message()).collect()
    }
}

/// CPU time of this process so far, in milliseconds.
fn cpu_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) * 10.0
}

async fn all_reach(projections: &Projections, position: u64) -> Result<(), projections::wait::Behind> {
    for name in ALL {
        projections.wait(name, Position(position), Duration::from_secs(600)).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let url = match std::env::args().nth(1) {
        Some(text) => DatabaseUrl::parse(&text)?,
        None => DatabaseUrl::Sqlite { directory: directory.path().to_owned() },
    };
    let mut options = Options::default();
    if let Some(ms) = std::env::args().nth(2) {
        options.gather = Duration::from_millis(ms.parse()?);
    }
    let (sender, receiver) = mpsc::channel(1_000);
    let source = Arc::new(Channel { head: AtomicU64::new(0), batches: Mutex::new(Some(receiver)) });
    let projections = Projections::open_with(&url, source.log_id(), Arc::new(NoWords), options).await?;
    let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
    projections.run(source.clone(), &Handle::current(), &tracker, stop.clone());

    let mut generator = Generator::default();
    sender.send(generator.conversations().into()).await?;
    all_reach(&projections, generator.position).await?;

    let catch_up = std::env::args().nth(3).map_or(Ok(CATCH_UP_EVENTS), |text| text.parse())?;
    let batches: Vec<Batch> = (0..catch_up / 500).map(|_| generator.messages(500)).collect();
    let (from, cpu) = (Instant::now(), cpu_ms());
    for batch in batches {
        sender.send(batch).await?;
    }
    all_reach(&projections, generator.position).await?;
    report("catching up", catch_up, from.elapsed(), cpu_ms() - cpu);

    let seconds = std::env::args().nth(4).map_or(Ok(LIVE_SECONDS), |text| text.parse())?;
    let ticks = LIVE_EVENTS_PER_SECOND * seconds / LIVE_BATCH;
    let batches: Vec<Batch> = (0..ticks).map(|_| generator.messages(LIVE_BATCH)).collect();
    let (from, cpu) = (Instant::now(), cpu_ms());
    let mut due = tokio::time::interval(Duration::from_secs(seconds) / ticks.max(1) as u32 + Duration::from_nanos(1));
    for batch in batches {
        due.tick().await;
        sender.send(batch).await?;
    }
    all_reach(&projections, generator.position).await?;
    report("live", ticks * LIVE_BATCH, from.elapsed(), cpu_ms() - cpu);

    stop.cancel();
    tracker.close();
    tracker.wait().await;
    projections.close().await;
    Ok(())
}

#[expect(clippy::disallowed_macros, reason = "a tool for the terminal")]
fn report(what: &str, events: u64, took: Duration, cpu: f64) {
    let rate = events as f64 / took.as_secs_f64();
    println!("{what}: {rate:.0} events/s, {:.1} µs CPU per event", cpu * 1_000.0 / events as f64);
}
