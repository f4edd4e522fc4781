//! Given what happened, when somebody commands, then this happens: decisions under test, without an executor or a log.

use crate::command::{Command, Decided, Envelope, Import, Read};
use crate::context::{Context, Names, StateOf, States};
use crate::execute::decide::decide_with_progress;
use crate::log::clear_words::ClearWords;
use crate::refusal::Refusal;
use domain::account::event::{AccountRegistered, AdminsChanged, DeviceKeyPublished, RoleGranted, UsernameReserved};
use domain::account::values::Role;
use domain::clock::Time;
use domain::conversation::event::{
    ConversationClosed, ConversationCreated, MemberJoined, MessagesPurged, RetentionChanged,
};
use domain::conversation::state::Kept;
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, DeviceId, DeviceKeyId, EventId, Hash16, MessageId, Position, StoryId};
use domain::limits::STORY_LIFE_SECONDS;
use domain::message::event::MessageSent;
use domain::message::period;
use domain::message::values::Ciphertext;
use domain::proto::account::v1::{AccountWords, DeviceKeyWords};
use domain::proto::message::v1::MessageWords;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::relationship::event::{AccountBlocked, AccountFollowed, AccountUnblocked, CloseFriendAdded};
use domain::state::State;
use domain::story::event::{StoryDeleted, StoryExpired, StoryPosted};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::{Field, Purpose, Words};
use std::sync::Arc;
use uuid::Uuid;

/// When everything that is given happened.
pub(crate) const LONG_AGO: Time = Time::from_micros(1_700_000_000_000_000);

pub(crate) type Happened = (StreamName, Event);

pub(crate) const fn person(n: u128) -> AccountId {
    AccountId::new(Uuid::from_u128(n))
}

pub(crate) const ALICE: AccountId = person(0xA);
pub(crate) const BOB: AccountId = person(0xB);
pub(crate) const CAROL: AccountId = person(0xC);
pub(crate) const DAVE: AccountId = person(0xD);
pub(crate) const ROOM: ConversationId = ConversationId::new(Uuid::from_u128(0xF00));

pub(crate) const STORY: StoryId = StoryId::new(Uuid::from_u128(0x510));

pub(crate) fn registered(account: AccountId) -> Happened {
    let event = AccountRegistered {
        account,
        username_hash: Hash16([0; 16]),
        words: Field::Clear(AccountWords::default()),
        credential: None,
    };
    (StreamName::account(account), event.into())
}

/// The account has this user name.
pub(crate) fn named(account: AccountId, name: &str) -> Happened {
    let hash = ClearWords.hash(Purpose::Username, &[name.to_ascii_lowercase().as_bytes()]);
    (StreamName::username(hash), UsernameReserved { account }.into())
}

/// A registered account with the role of an administrator.
pub(crate) fn admin(account: AccountId) -> Vec<Happened> {
    let granted = RoleGranted { role: Role::Admin, reason: None };
    let listed = AdminsChanged { account, is_admin: true };
    let granted = [(StreamName::account(account), granted.into()), (StreamName::admins(), listed.into())];
    std::iter::once(registered(account)).chain(granted).collect()
}

pub(crate) const fn device(number: u128) -> DeviceId {
    DeviceId::new(Uuid::from_u128(0xDE00 + number))
}

pub(crate) const fn key_id(number: u128) -> DeviceKeyId {
    DeviceKeyId::new(Uuid::from_u128(0xE000 + number))
}

/// A registered account's device of this number has the key of this number.
pub(crate) fn published(account: AccountId, number: u128) -> Happened {
    let words = Field::Clear(DeviceKeyWords { algorithm: "x25519".into(), public_key: vec![7].into() });
    let event = DeviceKeyPublished { device: device(number), key: key_id(number), words };
    (StreamName::account(account), event.into())
}

/// What a device encrypted with the key of this number.
pub(crate) fn encrypted(key: u128) -> Ciphertext {
    Ciphertext::parse(vec![1, 2].into(), vec![3].into(), "mls", key_id(key), None).expect("within the limits")
}

pub(crate) fn joined(account: AccountId, role: MemberRole) -> Happened {
    (StreamName::conversation(ROOM), MemberJoined { account, role }.into())
}

/// A conversation with these members.
pub(crate) fn conversation(
    kind: ConversationKind,
    privacy_mode: PrivacyMode,
    members: &[(AccountId, MemberRole)],
) -> Vec<Happened> {
    let created = ConversationCreated { conversation: ROOM, kind, privacy_mode, created_by: members[0].0, words: None };
    let mut events = vec![(StreamName::conversation(ROOM), created.into())];
    events.extend(members.iter().map(|(account, role)| joined(*account, *role)));
    events
}

/// Alice owns it, Bob is an admin, Carol a member.
pub(crate) fn group() -> Vec<Happened> {
    let members = [(ALICE, MemberRole::Owner), (BOB, MemberRole::Admin), (CAROL, MemberRole::Member)];
    conversation(ConversationKind::Group, PrivacyMode::Searchable, &members)
}

/// The same, closed by Alice.
pub(crate) fn closed() -> Vec<Happened> {
    let end = (StreamName::conversation(ROOM), ConversationClosed { closed_by: ALICE }.into());
    group().into_iter().chain([end]).collect()
}

/// Between Alice and Bob.
pub(crate) fn direct(privacy_mode: PrivacyMode) -> Vec<Happened> {
    let members = [(ALICE, MemberRole::Member), (BOB, MemberRole::Member)];
    conversation(ConversationKind::Direct, privacy_mode, &members)
}

pub(crate) fn words(text: &str) -> Field<MessageWords> {
    Field::Clear(MessageWords { text: text.to_owned(), client_ref: None, ciphertext: None })
}

/// The period of everything that is given.
pub(crate) fn this_period() -> Option<u32> {
    Some(period::of_next(ROOM, LONG_AGO, Kept::default(), 0))
}

/// The period of a message that was decided.
pub(crate) fn period_of(outcome: Outcome) -> u32 {
    match outcome.decided.as_deref() {
        Ok([(_, Event::MessageSent(sent))]) => sent.period.expect("a period"),
        other => panic!("no message: {other:?}"),
    }
}

/// The messages up to this one are gone, and the period before this one with them.
pub(crate) fn purged(through_seq: u64) -> Happened {
    let through_period = this_period().unwrap_or_default() - 1;
    (StreamName::conversation(ROOM), MessagesPurged { through_seq, count: through_seq, through_period }.into())
}

/// Messages are kept for so many days.
pub(crate) fn kept_for(days: Option<u32>) -> Happened {
    (StreamName::conversation(ROOM), RetentionChanged { days, changed_by: ALICE, reason: None }.into())
}

pub(crate) fn said(sender: AccountId, text: &str) -> Happened {
    let sent = MessageSent { sender, reply_to: None, words: words(text), mentions: vec![], period: this_period() };
    (StreamName::timeline(ROOM), sent.into())
}

pub(crate) const fn message(seq: u64) -> MessageId {
    MessageId { conversation: ROOM, seq }
}

/// Something that happened to message 1.
pub(crate) fn then_happened(event: impl Into<Event>) -> Happened {
    (StreamName::message(message(1)), event.into())
}

/// Alice's story.
pub(crate) fn posted(privacy: StoryPrivacy) -> Happened {
    let posted = StoryPosted {
        story: STORY,
        author: ALICE,
        privacy,
        expires_at: LONG_AGO.plus_seconds(STORY_LIFE_SECONDS),
        words: Field::Clear(StoryWords::default()),
    };
    (StreamName::story(STORY), posted.into())
}

/// Its end, with this many viewers.
pub(crate) fn expired(view_count: u64) -> Happened {
    (StreamName::story(STORY), StoryExpired { view_count, reaction_count: 0 }.into())
}

/// Its deletion by Alice.
pub(crate) fn deleted() -> Happened {
    (StreamName::story(STORY), StoryDeleted { deleted_by: ALICE, reason: None }.into())
}

/// Somebody follows Alice.
pub(crate) fn followed(follower: AccountId) -> Happened {
    (StreamName::relationship(follower), AccountFollowed { account: ALICE }.into())
}

/// Alice counts somebody as a close friend.
pub(crate) fn befriended(friend: AccountId) -> Happened {
    (StreamName::relationship(ALICE), CloseFriendAdded { account: friend }.into())
}

/// Somebody blocks another.
pub(crate) fn blocked(owner: AccountId, account: AccountId) -> Happened {
    (StreamName::relationship(owner), AccountBlocked { account }.into())
}

/// Somebody blocks another no longer.
pub(crate) fn unblocked(owner: AccountId, account: AccountId) -> Happened {
    (StreamName::relationship(owner), AccountUnblocked { account }.into())
}

/// What happened, who commands, and when.
pub(crate) struct Scenario {
    happened: Vec<Arc<Recorded>>,
    envelope: Envelope,
    now: Time,
}

/// What happened until now.
pub(crate) fn given(happened: impl IntoIterator<Item = Happened>) -> Scenario {
    let mut scenario = Scenario { happened: Vec::new(), envelope: Envelope::default(), now: LONG_AGO };
    for (stream, event) in happened {
        let revision = scenario.happened.iter().filter(|recorded| recorded.stream == stream).count() as u64;
        let recorded = Recorded {
            position: Position(scenario.happened.len() as u64 + 1),
            stream,
            revision,
            id: EventId::new(Uuid::nil()),
            schema_version: 1,
            occurred_at: LONG_AGO,
            recorded_at: LONG_AGO,
            actor: None,
            correlation_id: Uuid::nil(),
            causation_id: None,
            fingerprint: None,
            event,
        };
        scenario.happened.push(Arc::new(recorded));
    }
    scenario
}

impl Scenario {
    pub(crate) fn by(mut self, actor: AccountId) -> Self {
        self.envelope.actor = Some(actor);
        self
    }

    /// That long after everything that happened.
    pub(crate) fn after_seconds(mut self, seconds: i64) -> Self {
        self.now = LONG_AGO.plus_seconds(seconds);
        self
    }

    /// As the item `step` of the time of an import that everything happened at.
    pub(crate) fn imported(mut self, step: u64) -> Self {
        let stream = StreamName::import(Hash16([1; 16]));
        self.envelope.import = Some(Import { stream, at: LONG_AGO, step });
        self
    }

    pub(crate) fn when(self, command: impl Command) -> Outcome {
        let names = Names::new(self.envelope.actor, &ClearWords).of_import(self.envelope.import.as_ref());
        let mut states = States::default();
        self.take(&mut states, Read::Write(command.stream(&names)));
        if let Some(import) = &self.envelope.import {
            self.take(&mut states, Read::Write(import.stream.clone()));
        }
        command.reads(&names).into_iter().for_each(|read| self.take(&mut states, read));
        command.then_reads(&names, &states).into_iter().for_each(|read| self.take(&mut states, read));
        command.last_reads(&names, &states).into_iter().for_each(|read| self.take(&mut states, read));
        let context = Context {
            actor: self.envelope.actor,
            now: self.now,
            import: self.envelope.import.as_ref(),
            words: &ClearWords,
            opened: &[],
        };
        let decided = decide_with_progress(&command, &states, &context);
        let read = states.streams.into_iter().map(|of| of.stream).collect();
        Outcome { decided, read }
    }

    fn take(&self, states: &mut States, read: Read) {
        match read {
            Read::Event(stream, revision) => {
                let is_it = |event: &&Arc<Recorded>| event.stream == stream && event.revision == revision;
                states.events.extend(self.happened.iter().find(is_it).cloned());
            }
            Read::Write(stream) | Read::Check(stream) | Read::Fact(stream) => {
                let mut state = State::empty(stream.category());
                for recorded in self.happened.iter().filter(|recorded| recorded.stream == stream) {
                    state.evolve(recorded.revision, &recorded.event);
                }
                states.streams.push(StateOf { stream, state: Arc::new(state) });
            }
        }
    }
}

/// What was decided.
#[derive(Debug)]
pub(crate) struct Outcome {
    decided: Decided,
    read: Vec<StreamName>,
}

impl Outcome {
    #[track_caller]
    pub(crate) fn then(self, expected: impl IntoIterator<Item = Happened>) {
        let expected: Vec<Happened> = expected.into_iter().collect();
        let written: Vec<_> = expected.iter().map(|(stream, _)| stream).collect();
        assert!(written.iter().all(|stream| self.read.contains(stream)), "wrote a stream that it did not read");
        assert_eq!(self.decided, Ok(expected));
    }

    #[track_caller]
    pub(crate) fn then_it_is_already_so(self) {
        assert_eq!(self.decided, Ok(vec![]));
    }

    #[track_caller]
    pub(crate) fn refused(self, refusal: Refusal) {
        assert_eq!(self.decided, Err(refusal));
    }

    #[track_caller]
    pub(crate) fn invalid(self, fields: &[(&str, &str)]) {
        let Err(Refusal::Invalid(invalid)) = self.decided else { panic!("not invalid: {self:?}") };
        let actual: Vec<_> = invalid.iter().map(|field| (field.pointer.as_str(), field.code)).collect();
        assert_eq!(actual, fields);
    }

    #[track_caller]
    pub(crate) fn rests_on(&self, stream: &StreamName) {
        assert!(self.read.contains(stream), "{stream} is not among {:?}", self.read);
    }
}
