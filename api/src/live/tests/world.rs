//! A log, an index that stands where the test says, and the events that a test is about.

use crate::live::index::{Index, Seen};
use crate::live::join::Joined;
use crate::live::membership::{Authors, Visibility};
use crate::live::replay::{FromIndex, FromLog};
use crate::live::router::Live;
use crate::traces::Traces;
use axum::extract::ws::Utf8Bytes;
use commands::log::clear_words::ClearWords;
use commands::log::memory::MemoryLog;
use commands::log::{Appended, EventLog, Expected, NewEvent, Unit, Write};
use domain::clock::{Clock, Time};
use domain::conversation::event::{ConversationCreated, MemberJoined, MemberLeft, ReadMoved};
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, EventId, LogId, MessageId, Position, StoryId};
use domain::limits::STORY_LIFE_SECONDS;
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::source::{BoxFuture, Direction, EventSource, Filter};
use domain::story::event::{StoryExpired, StoryPosted};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::Field;
use parking_lot::Mutex;
use projections::reader::ReadFault;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

pub struct StillClock;

impl Clock for StillClock {
    fn now(&self) -> Time {
        Time::from_micros(1_600_000_000_000_000)
    }
}

/// A second, simple model of the feed index: it looks through the whole log up to where it stands.
pub struct SlowIndex {
    log: Arc<MemoryLog>,
    stands_at: Mutex<Option<Position>>,
}

impl SlowIndex {
    fn position(&self) -> Position {
        self.stands_at.lock().unwrap_or_else(|| self.log.head())
    }

    async fn visible(&self, account: AccountId, up_to: Position) -> (Vec<Arc<Recorded>>, HashSet<ConversationId>) {
        let mut events = everything(&self.log).await;
        events.retain(|event| event.position <= up_to);
        let mut visibility = Visibility::new(account, HashSet::new());
        let seen = visibility.pass(&events, &Authors::new());
        (seen, visibility.conversations)
    }
}

pub async fn everything(log: &MemoryLog) -> Vec<Arc<Recorded>> {
    log.read_all(Position::START, Direction::Forward, 100_000, &Filter::default()).await.unwrap().events
}

impl Index for SlowIndex {
    fn reach(&self, _: Position, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }

    fn seen_by(&self, account: AccountId) -> BoxFuture<'_, Result<Seen, ReadFault>> {
        Box::pin(async move {
            let position = self.position();
            let (_, conversations) = self.visible(account, position).await;
            Ok(Seen { position, conversations })
        })
    }

    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Position>, ReadFault>> {
        Box::pin(async move {
            let (seen, _) = self.visible(account, self.position()).await;
            Ok(seen
                .iter()
                .filter(|event| !event.stream.category().is_transient())
                .map(|event| event.position)
                .filter(|position| *position > after && *position <= up_to)
                .take(limit)
                .collect())
        })
    }

    fn missed_count(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        at_most: usize,
    ) -> BoxFuture<'_, Result<usize, ReadFault>> {
        Box::pin(async move { Ok(self.missed(account, after, up_to, at_most).await?.len()) })
    }
}

pub struct World {
    pub log: Arc<MemoryLog>,
    pub index: Arc<SlowIndex>,
    pub live: Arc<Live>,
}

pub fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(number))
}

pub fn conversation(number: u128) -> ConversationId {
    ConversationId::new(Uuid::from_u128(0xc0 << 64 | number))
}

impl World {
    pub fn new() -> Self {
        let log = MemoryLog::new(LogId::new(Uuid::from_u128(1)), Arc::new(StillClock));
        let index = Arc::new(SlowIndex { log: Arc::clone(&log), stands_at: Mutex::new(None) });
        let live = Live::over(log.clone(), Arc::new(ClearWords), index.clone(), Arc::new(StillClock), Traces::off());
        Self { log, index, live }
    }

    /// The feed of another node, which starts now.
    pub fn another_node(&self) -> Arc<Live> {
        Live::over(self.log.clone(), Arc::new(ClearWords), self.index.clone(), Arc::new(StillClock), Traces::off())
    }

    pub fn index_stands_at(&self, position: Option<Position>) {
        *self.index.stands_at.lock() = position;
    }

    /// Appends events as one unit.
    pub async fn append(&self, events: Vec<(StreamName, Event)>) -> Vec<Arc<Recorded>> {
        let correlation_id = Uuid::now_v7();
        let mut writes: Vec<Write> = Vec::new();
        for (stream, event) in events {
            let event = NewEvent {
                id: EventId::new(Uuid::now_v7()),
                occurred_at: None,
                actor: None,
                correlation_id,
                causation_id: None,
                fingerprint: None,
                event,
            };
            match writes.iter_mut().find(|write| write.stream == stream) {
                Some(write) => write.events.push(event),
                None => writes.push(Write { stream, expected: Expected::Any, events: vec![event] }),
            }
        }
        let unit = Unit { writes, checks: Vec::new() };
        match self.log.append(vec![unit]).await.unwrap().pop() {
            Some(Appended::Committed(events)) => events,
            other => panic!("not appended: {other:?}"),
        }
    }

    pub async fn create(&self, conversation: ConversationId, members: &[AccountId]) -> Vec<Arc<Recorded>> {
        let stream = StreamName::conversation(conversation);
        let created = ConversationCreated {
            conversation,
            kind: ConversationKind::Group,
            privacy_mode: PrivacyMode::Searchable,
            created_by: members[0],
            words: Some(Field::Clear(ConversationWords { name: "Room".into(), description: None })),
        };
        let mut events = vec![(stream.clone(), Event::from(created))];
        let join = |account: &AccountId| Event::from(MemberJoined { account: *account, role: MemberRole::Member });
        events.extend(members.iter().map(|account| (stream.clone(), join(account))));
        self.append(events).await
    }

    pub async fn join(&self, conversation: ConversationId, account: AccountId) -> Arc<Recorded> {
        let event = MemberJoined { account, role: MemberRole::Member };
        self.append(vec![(StreamName::conversation(conversation), event.into())]).await.remove(0)
    }

    pub async fn leave(&self, conversation: ConversationId, account: AccountId) -> Arc<Recorded> {
        let event = MemberLeft { account };
        self.append(vec![(StreamName::conversation(conversation), event.into())]).await.remove(0)
    }

    pub async fn send(&self, conversation: ConversationId, sender: AccountId, text: &str) -> Arc<Recorded> {
        let words = Field::Clear(MessageWords { text: text.into(), client_ref: None, ciphertext: None });
        let event = MessageSent { sender, reply_to: None, words, mentions: vec![] };
        self.append(vec![(StreamName::timeline(conversation), event.into())]).await.remove(0)
    }

    pub async fn edit(&self, id: MessageId, author: AccountId, text: &str) -> Arc<Recorded> {
        let words = Field::Clear(MessageWords { text: text.into(), client_ref: None, ciphertext: None });
        let event = MessageEdited { author, words, mentions: vec![] };
        self.append(vec![(StreamName::message(id), event.into())]).await.remove(0)
    }

    pub async fn delete(&self, id: MessageId, deleted_by: AccountId) -> Arc<Recorded> {
        self.append(vec![(StreamName::message(id), MessageDeleted { deleted_by, reason: None }.into())]).await.remove(0)
    }

    pub async fn read(&self, conversation: ConversationId, account: AccountId, seq: u64) -> Arc<Recorded> {
        self.append(vec![(StreamName::read(account, conversation), ReadMoved { seq }.into())]).await.remove(0)
    }

    pub async fn post_story(&self, author: AccountId) -> StoryId {
        let story = StoryId::new(Uuid::now_v7());
        let event = StoryPosted {
            story,
            author,
            privacy: StoryPrivacy::Public,
            expires_at: StillClock.now().plus_seconds(STORY_LIFE_SECONDS),
            words: Field::Clear(StoryWords { text: "look".into(), caption: None }),
        };
        self.append(vec![(StreamName::story(story), event.into())]).await;
        story
    }

    pub async fn expire_story(&self, story: StoryId) {
        let event = StoryExpired { view_count: 0, reaction_count: 0 };
        self.append(vec![(StreamName::story(story), event.into())]).await;
    }

    /// Lets a feed take in everything up to the head, as its tail would.
    pub async fn catch_up(&self, live: &Live) {
        let events = everything(&self.log).await;
        let new: Vec<_> = events.into_iter().filter(|event| event.position > live.position()).collect();
        live.hand_on(&new).await.unwrap();
    }

    /// The frames that a resume after `from` gives, joined where the feed stands.
    pub async fn resume(&self, live: &Arc<Live>, who: AccountId, from: Position) -> (Vec<Value>, Joined) {
        let joined = live.join(who).await.unwrap();
        let known = live.start_of_unit(joined.seen.position).await.unwrap();
        let mut frames = Vec::new();
        let mut missed = FromIndex::new(who, from, known);
        while let Some(page) = missed.next(live).await.unwrap() {
            frames.extend(page);
        }
        let mut rest = FromLog::new(who, from, known, joined.seen.conversations.clone(), joined.position);
        while let Some(page) = rest.next(live).await.unwrap() {
            frames.extend(page);
        }
        let conversations = rest.into_conversations();
        frames.extend(live.read_marks(who, &conversations, joined.position).await.unwrap());
        (values(&frames), joined)
    }
}

/// What waits for a socket.
pub fn taken(joined: &Joined) -> Vec<Value> {
    let mut frames = Vec::new();
    joined.outbox.take(&mut frames).unwrap();
    values(&frames)
}

pub fn values(frames: &[Utf8Bytes]) -> Vec<Value> {
    frames.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

/// `type@position` of each frame.
pub fn short(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| format!("{}@{}", frame["type"].as_str().unwrap(), frame["position"].as_str().unwrap()))
        .collect()
}
