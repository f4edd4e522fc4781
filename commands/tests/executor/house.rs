//! A group of Alice (owner), Bob (admin) and Carol (member) over a log that can be meddled with.

use crate::meddled_log::MeddledLog;
use bytes::Bytes;
use commands::account::register_account::RegisterAccount;
use commands::command::{Command, Envelope, Idempotency};
use commands::conversation::add_member::AddMember;
use commands::conversation::create_conversation::CreateGroup;
use commands::execute::{Done, Executor, Failure};
use commands::log::clear_words::ClearWords;
use commands::log::memory::MemoryLog;
use commands::log::{EventLog, Expected, NewEvent, Unit, Write};
use commands::message::send_message::SendMessage;
use domain::account::values::Username;
use domain::clock::{Clock, Time};
use domain::conversation::values::{MemberRole, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, EventId, LogId, Position};
use domain::recorded::Recorded;
use domain::source::{Direction, EventSource, Filter};
use domain::stream::StreamName;
use domain::values::{ConversationName, MessageText};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub const fn person(n: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(n))
}

pub const ALICE: AccountId = person(0xA);
pub const BOB: AccountId = person(0xB);
pub const CAROL: AccountId = person(0xC);
pub const DAVE: AccountId = person(0xD);
pub const ROOM: ConversationId = ConversationId::new(Uuid::from_u128(0xF00));

pub struct SetClock(AtomicI64);

impl SetClock {
    pub fn set(&self, time: Time) {
        self.0.store(time.micros(), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Clone)]
pub struct House {
    pub log: Arc<MeddledLog>,
    pub clock: Arc<SetClock>,
    pub tracker: TaskTracker,
    pub executor: Arc<Executor>,
}

impl House {
    /// An empty log.
    pub fn empty() -> Self {
        let clock = Arc::new(SetClock(AtomicI64::new(1_700_000_000_000_000)));
        let log = MeddledLog::new(MemoryLog::new(LogId::new(Uuid::from_u128(1)), clock.clone()));
        Self::over(log, clock)
    }

    fn over(log: Arc<MeddledLog>, clock: Arc<SetClock>) -> Self {
        let tracker = TaskTracker::new();
        let executor = Executor::new(log.clone(), Arc::new(ClearWords), clock.clone(), tracker.clone());
        Self { log, clock, tracker, executor }
    }

    /// Four accounts and the group of three of them.
    pub async fn with_group() -> Self {
        let house = Self::empty();
        for (account, name) in [(ALICE, "alice"), (BOB, "bobby"), (CAROL, "carol"), (DAVE, "david")] {
            house.register(account, name).await;
        }
        let group = CreateGroup {
            conversation: ROOM,
            name: ConversationName::parse("Tea").unwrap(),
            description: None,
            members: vec![CAROL, DAVE],
            privacy_mode: PrivacyMode::Searchable,
        };
        house.does(ALICE, group).await.unwrap();
        let left = commands::conversation::remove_member::RemoveMember { conversation: ROOM, account: DAVE };
        house.does(ALICE, left).await.unwrap();
        let bob = AddMember { conversation: ROOM, account: BOB, role: MemberRole::Admin };
        house.does(ALICE, bob).await.unwrap();
        house.log.calls.lock().clear();
        house
    }

    /// The same log in another process, so to speak.
    pub fn restarted(&self) -> Self {
        Self::over(self.log.clone(), self.clock.clone())
    }

    pub async fn register(&self, account: AccountId, name: &str) {
        let username = Username::parse(name).unwrap();
        let password_hash = Some(format!("hash of {name}"));
        let register = RegisterAccount { account, username, display_name: None, password_hash };
        self.executor.execute(register, Envelope::default()).await.unwrap();
    }

    pub async fn does(&self, actor: AccountId, command: impl Command) -> Result<Done, Failure> {
        self.executor.execute(command, Envelope::of(actor, Uuid::nil())).await
    }

    pub async fn with_key(
        &self,
        actor: AccountId,
        key: &str,
        body: &str,
        command: impl Command,
    ) -> Result<Done, Failure> {
        let idempotency = Idempotency { key: key.to_owned(), body: Bytes::copy_from_slice(body.as_bytes()) };
        let envelope = Envelope { idempotency: Some(idempotency), ..Envelope::of(actor, Uuid::nil()) };
        self.executor.execute(command, envelope).await
    }

    /// The same, in a task of its own.
    pub fn begins(&self, actor: AccountId, command: impl Command) -> JoinHandle<Result<Done, Failure>> {
        let house = self.clone();
        self.tracker.spawn(async move { house.does(actor, command).await })
    }

    /// Sends `hi` with the key `k`, in a task of its own.
    pub fn begins_with_key(&self, actor: AccountId) -> JoinHandle<Result<Done, Failure>> {
        let house = self.clone();
        self.tracker.spawn(async move { house.with_key(actor, "k", "hi", say("hi")).await })
    }

    pub async fn everything(&self) -> Vec<Arc<Recorded>> {
        let filter = Filter::default();
        self.log.inner.read_all(Position::START, Direction::Forward, usize::MAX, &filter).await.unwrap().events
    }

    pub async fn messages(&self) -> Vec<Arc<Recorded>> {
        let timeline = StreamName::timeline(ROOM);
        self.log.inner.read_stream(&timeline, 0, Direction::Forward, usize::MAX).await.unwrap().events
    }
}

pub fn say(text: &str) -> SendMessage {
    let text = MessageText::parse(text).unwrap();
    SendMessage {
        conversation: ROOM,
        content: text.into(),
        mentions: vec![],
        reply_to: None,
        client_ref: None,
        all_max_members: 100,
    }
}

/// What another process appends to the same log.
pub fn another_process_appends(log: &MemoryLog, stream: StreamName, event: impl Into<Event>) {
    another_process_appends_as(log, EventId::new(Uuid::new_v4()), stream, event);
}

pub fn another_process_appends_as(log: &MemoryLog, id: EventId, stream: StreamName, event: impl Into<Event>) {
    let new = NewEvent {
        id,
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
        fingerprint: None,
        event: event.into(),
    };
    let write = Write { stream, expected: Expected::Any, events: vec![new] };
    let append = log.append(vec![Unit { writes: vec![write], checks: vec![] }]);
    futures_util::FutureExt::now_or_never(append).unwrap().unwrap();
}

/// Gives every task its turn until all of them wait for something (on a runtime of one thread).
pub async fn everybody_waits() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}
