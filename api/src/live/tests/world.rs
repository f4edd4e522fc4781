//! A log, an index that stands where the test says, and the events that a test is about.

use crate::live::catch_up::CatchUp;
use crate::live::circles::Circles;
use crate::live::index::{Index, Seen};
use crate::live::join::{JoinFault, Joined};
use crate::live::membership::{Change, Place, Sight, Visibility};
use crate::live::outbox::Outbox;
use crate::live::router::Live;
use crate::live::story::stories_and_friends_before;
use crate::live::wire::{Texts, Wire};
use crate::traces::Traces;
use commands::execute::Executor;
use commands::log::clear_words::ClearWords;
use commands::log::memory::MemoryLog;
use commands::log::{Appended, EventLog, Expected, NewEvent, Unit, Write};
use domain::clock::{Clock, Time};
use domain::conversation::event::{ConversationCreated, MemberJoined, MemberLeft, ReadMoved};
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, EventId, LogId, MessageId, Position, StoryId};
use domain::limits::{RESUME_MAX_FRAMES, STORY_LIFE_SECONDS};
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent};
use domain::proto::conversation::v1::ConversationWords;
use domain::proto::message::v1::MessageWords;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::source::{BoxFuture, Direction, EventSource, Filter};
use domain::story::event::{StoryExpired, StoryPosted};
use domain::story::values::StoryPrivacy;
use domain::story::values::Ties;
use domain::stream::StreamName;
use domain::words::Field;
use parking_lot::Mutex;
use projections::account::settings::Signals;
use projections::feed::feed_index::Missed;
use projections::reader::ReadFault;
use serde_json::Value;
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

/// Stands where the test says.
pub struct StillClock(AtomicI64);

impl StillClock {
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// A second, simple model of the feed index: it looks through the whole log up to where it stands.
pub struct SlowIndex {
    log: Arc<MemoryLog>,
    stands_at: Mutex<Option<Position>>,
    /// Who lets others know nothing.
    pub reserved: Mutex<HashSet<AccountId>>,
    /// Of which conversations the size is not known.
    pub unknown: Mutex<HashSet<ConversationId>>,
}

impl SlowIndex {
    fn position(&self) -> Position {
        self.stands_at.lock().unwrap_or_else(|| self.log.head())
    }

    async fn visible(&self, account: AccountId, up_to: Position) -> (Vec<Arc<Recorded>>, Sight) {
        let mut events = everything(&self.log).await;
        events.retain(|event| event.position <= up_to);
        let mut friends = Circles::of_accounts(NonZeroUsize::MIN);
        let stories = stories_and_friends_before(&*self.log, &events, &mut friends).await.unwrap();
        let mut visibility = Visibility::new(account, Sight::default());
        let seen = visibility.pass(&events, &stories);
        (seen, visibility.sight)
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
            let (_, sight) = self.visible(account, position).await;
            Ok(Seen { position, sight })
        })
    }

    fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Missed>, ReadFault>> {
        Box::pin(async move {
            let (seen, _) = self.visible(account, self.position()).await;
            let everything = everything(&self.log).await;
            Ok(seen
                .iter()
                .filter(|event| !event.stream.category().is_transient())
                .map(|event| Missed { position: event.position, ties: ties_of(&everything, account, event) })
                .filter(|missed| missed.position > after && missed.position <= up_to)
                .take(limit)
                .collect())
        })
    }

    fn member_count(
        &self,
        conversation: ConversationId,
        since: Position,
        _: Position,
        patience: Duration,
    ) -> BoxFuture<'_, Result<Option<usize>, ReadFault>> {
        Box::pin(async move {
            let is_unknown = self.unknown.lock().contains(&conversation);
            if is_unknown || self.position() < since {
                tokio::time::sleep(patience).await;
                return Ok(None);
            }
            let mut changes = everything(&self.log).await;
            changes.retain(|event| event.position <= self.position());
            let of_it = changes.iter().filter_map(|event| Change::of(event));
            let of_it = of_it.filter(|change| change.place == Place::Conversation(conversation));
            let (joined, left): (Vec<_>, Vec<_>) = of_it.partition(|change| change.joined);
            Ok(Some(joined.len() - left.len()))
        })
    }

    fn signals(&self, account: AccountId) -> BoxFuture<'_, Result<(Signals, Position), ReadFault>> {
        let is_open = !self.reserved.lock().contains(&account);
        let signals = Signals { read_receipts: is_open, presence: is_open };
        Box::pin(std::future::ready(Ok((signals, self.position()))))
    }

    fn blocked_by(&self, account: AccountId) -> BoxFuture<'_, Result<HashSet<AccountId>, ReadFault>> {
        Box::pin(async move {
            let (_, sight) = self.visible(account, self.position()).await;
            Ok(sight.blocks)
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

/// What the account was to the author of a story's event when it happened, found the long way.
fn ties_of(everything: &[Arc<Recorded>], account: AccountId, event: &Recorded) -> Ties {
    let posted = everything.iter().find_map(|other| match &other.event {
        Event::StoryPosted(e) if other.stream == event.stream => Some(e.author),
        _ => None,
    });
    let Some(author) = posted else { return Ties::default() };
    let mut ties = Ties { is_author: author == account, ..Ties::default() };
    for earlier in everything.iter().filter(|earlier| earlier.position < event.position) {
        let owner = earlier.stream.relationship_id();
        match &earlier.event {
            Event::AccountFollowed(e) if (owner, e.account) == (Some(account), author) => ties.follows = true,
            Event::AccountUnfollowed(e) if (owner, e.account) == (Some(account), author) => ties.follows = false,
            Event::CloseFriendAdded(e) if (owner, e.account) == (Some(author), account) => ties.is_close_friend = true,
            Event::CloseFriendRemoved(e) if (owner, e.account) == (Some(author), account) => {
                ties.is_close_friend = false;
            }
            Event::StoriesHidden(e) if (owner, e.account) == (Some(author), account) => ties.is_kept_out = true,
            Event::StoriesShown(e) if (owner, e.account) == (Some(author), account) => ties.is_kept_out = false,
            _ => {}
        }
    }
    ties
}

pub struct World {
    pub log: Arc<MemoryLog>,
    pub index: Arc<SlowIndex>,
    pub live: Arc<Live>,
    pub clock: Arc<StillClock>,
}

pub fn account(number: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(number))
}

pub fn conversation(number: u128) -> ConversationId {
    ConversationId::new(Uuid::from_u128(0xc0 << 64 | number))
}

/// What tells of states, and decides nothing here.
fn executor_over(log: &Arc<MemoryLog>, clock: &Arc<StillClock>) -> Arc<Executor> {
    Executor::new(log.clone(), Arc::new(ClearWords), clock.clone(), TaskTracker::new())
}

impl World {
    pub fn new() -> Self {
        let clock = Arc::new(StillClock(AtomicI64::new(1_600_000_000_000_000)));
        let log = MemoryLog::new(LogId::new(Uuid::from_u128(1)), clock.clone());
        let index = Arc::new(SlowIndex {
            log: Arc::clone(&log),
            stands_at: Mutex::new(None),
            reserved: Mutex::default(),
            unknown: Mutex::default(),
        });
        let live = Live::over(
            log.clone(),
            Arc::new(ClearWords),
            executor_over(&log, &clock),
            index.clone(),
            clock.clone(),
            Traces::off(),
            RESUME_MAX_FRAMES,
        );
        Self { log, index, live, clock }
    }

    /// The feed of another node, which starts now.
    pub fn another_node(&self) -> Arc<Live> {
        Live::over(
            self.log.clone(),
            Arc::new(ClearWords),
            executor_over(&self.log, &self.clock),
            self.index.clone(),
            self.clock.clone(),
            Traces::off(),
            RESUME_MAX_FRAMES,
        )
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
        let event = MessageSent { sender, reply_to: None, words, mentions: vec![], period: None };
        self.append(vec![(StreamName::timeline(conversation), event.into())]).await.remove(0)
    }

    pub async fn edit(&self, id: MessageId, author: AccountId, text: &str) -> Arc<Recorded> {
        let words = Field::Clear(MessageWords { text: text.into(), client_ref: None, ciphertext: None });
        let event = MessageEdited { author, words, mentions: vec![], period: None };
        self.append(vec![(StreamName::message(id), event.into())]).await.remove(0)
    }

    pub async fn delete(&self, id: MessageId, deleted_by: AccountId) -> Arc<Recorded> {
        self.append(vec![(StreamName::message(id), MessageDeleted { deleted_by, reason: None }.into())]).await.remove(0)
    }

    pub async fn read(&self, conversation: ConversationId, account: AccountId, seq: u64) -> Arc<Recorded> {
        self.append(vec![(StreamName::read(account, conversation), ReadMoved { seq }.into())]).await.remove(0)
    }

    pub async fn post_story(&self, author: AccountId) -> StoryId {
        self.post_story_for(author, StoryPrivacy::Public).await
    }

    pub async fn post_story_for(&self, author: AccountId, privacy: StoryPrivacy) -> StoryId {
        let story = StoryId::new(Uuid::now_v7());
        let event = StoryPosted {
            story,
            author,
            privacy,
            expires_at: self.clock.now().plus_seconds(STORY_LIFE_SECONDS),
            words: Field::Clear(StoryWords { text: "look".into(), caption: None }),
        };
        self.append(vec![(StreamName::story(story), event.into())]).await;
        story
    }

    pub async fn expire_story(&self, story: StoryId) {
        let event = StoryExpired { view_count: 0, reaction_count: 0 };
        self.append(vec![(StreamName::story(story), event.into())]).await;
    }

    /// Something that happens to a story or between accounts.
    pub async fn happens(&self, stream: StreamName, event: impl Into<Event>) -> Arc<Recorded> {
        self.append(vec![(stream, event.into())]).await.remove(0)
    }

    /// Lets a feed take in everything up to the head, as its tail would.
    pub async fn catch_up(&self, live: &Live) {
        let events = everything(&self.log).await;
        let new: Vec<_> = events.into_iter().filter(|event| event.position > live.position()).collect();
        live.hand_on(&new).await.unwrap();
    }

    /// Bytes that wait for the sockets of an account.
    pub fn waiting_bytes(&self, who: AccountId) -> usize {
        self.live.routes.lock().outboxes(who).map(|outbox| outbox.bytes()).sum()
    }

    /// A socket that joins the tail and lets live frames out.
    pub async fn connects(&self, who: AccountId) -> Result<Socket, JoinFault> {
        self.connects_to(&self.live, who).await
    }

    /// The same, elsewhere.
    pub async fn connects_to(&self, live: &Arc<Live>, who: AccountId) -> Result<Socket, JoinFault> {
        let outbox = Arc::new(Outbox::new(None, Arc::clone(&live.meters)));
        let (joined, _) = live.join(who, &outbox).await?;
        outbox.open();
        Ok(Socket { outbox, position: joined.position, _joined: joined })
    }

    /// The frames that a resume after `from` gives, joined where the feed stands.
    pub async fn resume(&self, live: &Arc<Live>, who: AccountId, from: Position) -> (Vec<Value>, Socket) {
        let outbox = Arc::new(Outbox::new(None, Arc::clone(&live.meters)));
        let mut missed = CatchUp::new(who, from);
        let mut frames = Vec::new();
        while let Some(page) = missed.next(live, &outbox).await.unwrap() {
            frames.extend(page.frames);
        }
        assert_eq!(missed.replayed, frames.len() as u64);
        let joined = missed.into_joined().unwrap();
        outbox.open();
        (values(&frames), Socket { outbox, position: joined.position, _joined: joined })
    }
}

/// A socket of a test: it leaves when it is dropped.
pub struct Socket {
    pub outbox: Arc<Outbox>,
    pub position: Position,
    _joined: Joined,
}

/// What waits for a socket.
pub fn taken(socket: &Socket) -> Vec<Value> {
    let mut frames = Vec::new();
    socket.outbox.take(&mut frames);
    frames.iter().flat_map(|bytes| Texts(bytes.clone())).map(|text| serde_json::from_slice(&text).unwrap()).collect()
}

pub fn values(frames: &[Wire]) -> Vec<Value> {
    frames.iter().map(|frame| serde_json::from_str(&text_of(frame)).unwrap()).collect()
}

/// The text of a frame.
pub fn text_of(frame: &Wire) -> String {
    String::from_utf8(frame.texts().next().unwrap().to_vec()).unwrap()
}

/// `type@position` of each frame.
pub fn short(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .map(|frame| format!("{}@{}", frame["type"].as_str().unwrap(), frame["position"].as_str().unwrap()))
        .collect()
}
