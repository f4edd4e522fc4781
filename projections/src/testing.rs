//! What tests of projections share: a log in memory, words that anybody reads, and a database each.

use crate::database::url::DatabaseUrl;
use crate::projections::{Options, Projections};
use bytes::Bytes;
use domain::clock::Time;
use domain::conversation::event::{ConversationCreated, MemberJoined, MemberLeft, ReadMoved};
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId, Hash16, LogId, MessageId, Position, StoryId};
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::recorded::Recorded;
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use domain::words::{Content, Field, KeyRef, Purpose, SealedField, Subject, Words, WordsFault};
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// The log of the tests.
pub(crate) const LOG: LogId = LogId::new(Uuid::from_u128(0x1065));

pub(crate) fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(0xA000 + number))
}

pub(crate) fn conversation(number: u128) -> ConversationId {
    ConversationId::new(Uuid::from_u128(0xC000 + number))
}

pub(crate) fn story(number: u128) -> StoryId {
    StoryId::new(Uuid::from_u128(0x5000 + number))
}

pub(crate) fn message(number: u128, seq: u64) -> MessageId {
    MessageId { conversation: conversation(number), seq }
}

/// Time of the event at a position: a minute each.
pub(crate) fn time_of(position: u64) -> Time {
    Time::from_micros(1_700_000_000_000_000).plus_seconds(position as i64 * 60)
}

/// Words in clear behind the port, with keys that can be destroyed.
#[derive(Default)]
pub(crate) struct OpenWords {
    destroyed: Mutex<BTreeSet<KeyRef>>,
    pub(crate) calls: Mutex<usize>,
}

impl OpenWords {
    pub(crate) fn destroy(&self, subject: Subject) {
        self.destroyed.lock().unwrap().insert(KeyRef { subject, generation: 1 });
    }
}

impl Words for OpenWords {
    fn open<'a>(&'a self, fields: &'a [SealedField]) -> BoxFuture<'a, Result<Vec<Content<Bytes>>, WordsFault>> {
        Box::pin(async move {
            *self.calls.lock().unwrap() += 1;
            let destroyed = self.destroyed.lock().unwrap();
            let opened = fields.iter().map(|field| {
                let gone = destroyed.contains(&field.scope) || field.author.is_some_and(|a| destroyed.contains(&a));
                if gone { Content::Erased } else { Content::Present(field.bytes.clone()) }
            });
            Ok(opened.collect())
        })
    }

    fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16 {
        let mut hasher = blake3::Hasher::new();
        hasher.update(purpose.as_str().as_bytes());
        parts.iter().for_each(|part| {
            hasher.update(part);
        });
        Hash16(hasher.finalize().as_bytes()[..16].try_into().unwrap())
    }
}

/// "Seals" words: the bytes stay readable, all that stands beside them is real.
pub(crate) fn seal<T: prost::Message>(
    words: &T,
    stream: &StreamName,
    event_type: EventType,
    author: Option<AccountId>,
    scope: Subject,
) -> Field<T> {
    Field::Sealed(SealedField {
        stream: stream.clone(),
        event: EventId::new(Uuid::from_u128(1)),
        event_type,
        schema_version: 1,
        field: 1,
        author: author.map(|id| KeyRef { subject: Subject::Account(id), generation: 1 }),
        scope: KeyRef { subject: scope, generation: 1 },
        bytes: words.encode_to_vec().into(),
    })
}

/// Writes a log.
#[derive(Default)]
pub(crate) struct Script {
    pub(crate) events: Vec<Arc<Recorded>>,
    revisions: HashMap<StreamName, u64>,
    /// Of the next events.
    pub(crate) correlation: u128,
}

impl Script {
    /// Appends an event; gives its position.
    pub(crate) fn record(&mut self, stream: StreamName, event: impl Into<Event>) -> Position {
        let position = Position(self.events.len() as u64 + 1);
        let next = self.revisions.entry(stream.clone()).or_default();
        let recorded = Recorded {
            position,
            stream,
            revision: *next,
            id: EventId::new(Uuid::from_u128(u128::from(position.0))),
            schema_version: 1,
            occurred_at: time_of(position.0),
            recorded_at: time_of(position.0),
            actor: None,
            correlation_id: Uuid::from_u128(self.correlation),
            causation_id: None,
            fingerprint: None,
            event: event.into(),
        };
        *next += 1;
        self.events.push(Arc::new(recorded));
        position
    }

    /// A group and its first members, by one command; the first of them creates and owns it.
    pub(crate) fn group(&mut self, number: u128, members: &[u128]) -> Position {
        self.correlation += 1;
        let id = conversation(number);
        let stream = StreamName::conversation(id);
        let names = ConversationWords { name: format!("group {number}"), description: None };
        let words = seal(&names, &stream, EventType::ConversationCreated, None, Subject::Conversation(id));
        let created = ConversationCreated {
            conversation: id,
            kind: ConversationKind::Group,
            privacy_mode: PrivacyMode::Searchable,
            created_by: account(members[0]),
            words: Some(words),
        };
        let position = self.record(stream.clone(), created);
        for (index, member) in members.iter().enumerate() {
            let role = if index == 0 { MemberRole::Owner } else { MemberRole::Member };
            self.record(stream.clone(), MemberJoined { account: account(*member), role });
        }
        position
    }

    pub(crate) fn joins(&mut self, number: u128, member: u128) -> Position {
        self.correlation += 1;
        let joined = MemberJoined { account: account(member), role: MemberRole::Member };
        self.record(StreamName::conversation(conversation(number)), joined)
    }

    pub(crate) fn leaves(&mut self, number: u128, member: u128) -> Position {
        self.correlation += 1;
        self.record(StreamName::conversation(conversation(number)), MemberLeft { account: account(member) })
    }

    pub(crate) fn sends(&mut self, number: u128, sender: u128, text: &str, reply_to: Option<u64>) -> Position {
        self.correlation += 1;
        let stream = StreamName::timeline(conversation(number));
        let words = MessageWords { text: text.into(), client_ref: Some(format!("ref {text}")) };
        let scope = Subject::Conversation(conversation(number));
        let words = seal(&words, &stream, EventType::MessageSent, Some(account(sender)), scope);
        self.record(stream, MessageSent { sender: account(sender), reply_to, words })
    }

    pub(crate) fn edits(&mut self, number: u128, seq: u64, author: u128, text: &str) -> Position {
        let stream = StreamName::message(message(number, seq));
        let words = MessageWords { text: text.into(), client_ref: None };
        let scope = Subject::Conversation(conversation(number));
        let words = seal(&words, &stream, EventType::MessageEdited, Some(account(author)), scope);
        self.record(stream, MessageEdited { author: account(author), words })
    }

    pub(crate) fn deletes(&mut self, number: u128, seq: u64, by: u128) -> Position {
        self.record(StreamName::message(message(number, seq)), MessageDeleted { deleted_by: account(by) })
    }

    pub(crate) fn reacts(&mut self, number: u128, seq: u64, who: u128, emoji: &str) -> Position {
        let added = ReactionAdded { account: account(who), emoji: emoji.into() };
        self.record(StreamName::message(message(number, seq)), added)
    }

    pub(crate) fn takes_back(&mut self, number: u128, seq: u64, who: u128, emoji: &str) -> Position {
        let removed = ReactionRemoved { account: account(who), emoji: emoji.into() };
        self.record(StreamName::message(message(number, seq)), removed)
    }

    pub(crate) fn reads(&mut self, number: u128, who: u128, seq: u64) -> Position {
        self.record(StreamName::read(account(who), conversation(number)), ReadMoved { seq })
    }
}

/// A log in memory that gives its events in batches of a chosen size.
pub(crate) struct Source {
    events: watch::Sender<Vec<Arc<Recorded>>>,
    batch: usize,
}

impl Source {
    pub(crate) fn new(events: &[Arc<Recorded>], batch: usize) -> Arc<Self> {
        Arc::new(Self { events: watch::Sender::new(events.to_vec()), batch })
    }

    pub(crate) fn set(&self, events: &[Arc<Recorded>]) {
        self.events.send_replace(events.to_vec());
    }
}

impl EventSource for Source {
    fn log_id(&self) -> LogId {
        LOG
    }

    fn head(&self) -> Position {
        Position(self.events.borrow().len() as u64)
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

    fn subscribe(&self, after: Position) -> Subscription {
        let state = (self.events.subscribe(), after.0 as usize, self.batch);
        Box::pin(futures_util::stream::unfold(state, |(mut events, from, size)| async move {
            let batch: Batch = match events.wait_for(|events| events.len() > from).await {
                Ok(events) => events[from..events.len().min(from + size)].into(),
                Err(_) => return None,
            };
            let next = from + batch.len();
            Some((Ok(batch), (events, next, size)))
        }))
    }
}

/// A place for read models, gone after the test.
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    _directory: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { url: DatabaseUrl::Sqlite { directory: directory.path().join("read") }, _directory: Some(directory) }
    }

    /// Schemas of this test in the database of `TIDINGS_TEST_POSTGRES`.
    pub(crate) fn postgres(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("TIDINGS_TEST_POSTGRES") else {
            println!("skipped on PostgreSQL: TIDINGS_TEST_POSTGRES is not set");
            return None;
        };
        let prefix = format!("t{:x}_{test}_", std::process::id());
        Some(Self { url: DatabaseUrl::Postgres { url, schema_prefix: prefix }, _directory: None })
    }

    /// SQLite always, PostgreSQL where there is one.
    pub(crate) fn all(test: &str) -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres(test)).collect()
    }

    /// The same place once more; cleaned with the first.
    pub(crate) fn again(&self) -> Self {
        Self { url: self.url.clone(), _directory: None }
    }

    pub(crate) async fn clean(self) {
        if let DatabaseUrl::Postgres { url, schema_prefix } = &self.url {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            for name in crate::projection::ALL {
                let drop = format!("DROP SCHEMA IF EXISTS \"{schema_prefix}{name}_v1\" CASCADE");
                connection.execute(AssertSqlSafe(drop)).await.unwrap();
            }
        }
    }
}

/// Running projections.
pub(crate) struct World {
    pub(crate) projections: Projections,
    pub(crate) words: Arc<OpenWords>,
    pub(crate) source: Arc<Source>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl World {
    /// Opens and runs; the events come in batches of `batch`.
    pub(crate) async fn run(place: &Place, events: &[Arc<Recorded>], batch: usize) -> Self {
        let words = Arc::new(OpenWords::default());
        let options = Options { batch_max_events: batch, read_connections: 2, ..Options::default() };
        let projections = Projections::open_with(&place.url, LOG, words.clone(), options).await.unwrap();
        let source = Source::new(events, batch);
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        projections.run(source.clone(), &tracker, stop.clone());
        Self { projections, words, source, tracker, stop }
    }

    /// Runs until everything is applied.
    pub(crate) async fn caught_up(place: &Place, events: &[Arc<Recorded>], batch: usize) -> Self {
        let world = Self::run(place, events, batch).await;
        world.catches_up().await;
        world
    }

    pub(crate) async fn catches_up(&self) {
        for name in crate::projection::ALL {
            self.projections.wait(name, self.source.head(), Duration::from_secs(30)).await.unwrap();
        }
    }

    pub(crate) async fn hashes(&self) -> Vec<[u8; 32]> {
        let mut hashes = Vec::new();
        for name in crate::projection::ALL {
            hashes.push(self.projections.state_hash(name).await.unwrap());
        }
        hashes
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.projections.close().await;
    }
}
