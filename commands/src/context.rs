//! What a decision is made from: the states of streams, and what surrounds the command.

use crate::command::Import;
use crate::refusal::Refusal;
use bytes::Bytes;
use domain::account::state::{Account, Admins, Username};
use domain::clock::Time;
use domain::conversation::state::{Conversation, Membership, Read};
use domain::conversation::values::{MembershipSettings, Mute, Notify};
use domain::ids::{AccountId, Hash16, Position};
use domain::job::state::Job;
use domain::message::state::{Message, Timeline};
use domain::notification::state::Notifications;
use domain::recorded::Recorded;
use domain::relationship::state::Relationship;
use domain::session::state::Session;
use domain::state::State;
use domain::story::state::{Story, View};
use domain::stream::StreamName;
use domain::words::{Content, Field, Purpose, SealedField, Words, decode_opened};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a command's streams are named after, beside the command itself.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Who wants it.
    pub actor: Option<AccountId>,
    /// Whether an import brings it.
    pub is_import: bool,
    words: &'a dyn Words,
}

impl<'a> Names<'a> {
    /// Names for what `actor` wants, in the log that `words` belongs to.
    pub fn new(actor: Option<AccountId>, words: &'a dyn Words) -> Self {
        Self { actor, is_import: false, words }
    }

    /// The same names for a command that an import brings, if `import` is there.
    #[must_use]
    pub fn of_import(self, import: Option<&Import>) -> Self {
        Self { is_import: import.is_some(), ..self }
    }

    /// The actor's id, or nil: a command without an actor that needs one is refused when it is decided.
    pub fn actor_or_nil(&self) -> AccountId {
        self.actor.unwrap_or(AccountId::new(uuid::Uuid::nil()))
    }

    /// A keyed hash of the parts.
    pub fn hash(&self, purpose: Purpose, parts: &[&[u8]]) -> Hash16 {
        self.words.hash(purpose, parts)
    }
}

/// One stream as a decision sees it.
#[derive(Clone, Debug)]
pub(crate) struct StateOf {
    pub(crate) stream: StreamName,
    pub(crate) state: Arc<State>,
}

/// Everything that a command asked for.
#[derive(Debug, Default)]
pub struct States {
    /// The primary stream first.
    pub(crate) streams: Vec<StateOf>,
    pub(crate) events: Vec<Arc<Recorded>>,
}

macro_rules! only_one_of_its_kind {
    ($($(#[$doc:meta])* $name:ident: $type:ident = $empty:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self) -> &$type {
            static EMPTY: $type = $empty;
            self.streams.iter().find_map(|of| match &*of.state {
                State::$type(state) => Some(state),
                _ => None,
            }).unwrap_or(&EMPTY)
        }
    )*};
}

impl States {
    only_one_of_its_kind! {
        /// Who is an administrator.
        admins: Admins = Admins { accounts: std::collections::BTreeSet::new() };
        /// The conversation that was asked for.
        conversation: Conversation = Conversation::Unknown;
        /// The job that was asked for.
        job: Job = Job::Unknown;
        /// The member's settings that were asked for.
        membership: Membership = Membership {
            settings: MembershipSettings { mute: Mute::Off, pinned: false, archived: false, notify: Notify::All },
        };
        /// The message that was asked for.
        message: Message = Message { edited: None, deleted: false, reactions: std::collections::BTreeSet::new() };
        /// The notifications that were asked for.
        notifications: Notifications = Notifications { read_up_to: Position::START };
        /// The read watermark that was asked for.
        read: Read = Read { seq: 0 };
        /// The session that was asked for.
        session: Session = Session::Unknown;
        /// The story that was asked for.
        story: Story = Story::Unknown;
        /// The timeline that was asked for.
        timeline: Timeline = Timeline { last_seq: 0, last_period: 0 };
        /// The user name that was asked for.
        username: Username = Username { holder: None };
        /// The view of a story that was asked for.
        view: View = View { is_seen: false };
    }

    /// The stream that the command writes.
    pub fn primary(&self) -> StreamName {
        match self.streams.first() {
            Some(of) => of.stream.clone(),
            // Never so: the primary stream is loaded before anything is decided.
            None => StreamName::account(AccountId::new(uuid::Uuid::nil())),
        }
    }

    /// The user name of this stream.
    pub fn username_at(&self, stream: &StreamName) -> &Username {
        static EMPTY: Username = Username { holder: None };
        match self.streams.iter().find(|of| of.stream == *stream).map(|of| &*of.state) {
            Some(State::Username(username)) => username,
            _ => &EMPTY,
        }
    }

    /// The account with this id.
    pub fn account(&self, id: AccountId) -> &Account {
        static EMPTY: Account = Account::Unknown;
        let stream = StreamName::account(id);
        match self.streams.iter().find(|of| of.stream == stream).map(|of| &*of.state) {
            Some(State::Account(account)) => account,
            _ => &EMPTY,
        }
    }

    /// The ties of the account with this id.
    pub fn relationship(&self, id: AccountId) -> &Relationship {
        static EMPTY: Relationship = Relationship {
            follows: BTreeSet::new(),
            close_friends: BTreeSet::new(),
            blocks: BTreeSet::new(),
            story_mutes: BTreeSet::new(),
            story_hides: BTreeSet::new(),
        };
        let stream = StreamName::relationship(id);
        match self.streams.iter().find(|of| of.stream == stream).map(|of| &*of.state) {
            Some(State::Relationship(relationship)) => relationship,
            _ => &EMPTY,
        }
    }

    /// The event at this revision of the stream, if it is there and was asked for.
    pub fn event(&self, stream: &StreamName, revision: u64) -> Option<&Recorded> {
        self.events.iter().find(|event| event.revision == revision && event.stream == *stream).map(|event| &**event)
    }
}

/// What surrounds a decision.
pub struct Context<'a> {
    /// Who wants it.
    pub actor: Option<AccountId>,
    /// When it happens: now, or when it happened in the source of an import.
    pub now: Time,
    /// Set when an import brings it: the rules that bind people who act now are lifted.
    pub import: Option<&'a Import>,
    pub(crate) words: &'a dyn Words,
    pub(crate) opened: &'a [(SealedField, Content<Bytes>)],
}

impl Context<'_> {
    /// Who wants it.
    ///
    /// # Errors
    /// [`Refusal::NotSignedIn`] when nobody does.
    pub fn actor(&self) -> Result<AccountId, Refusal> {
        self.actor.ok_or(Refusal::NotSignedIn)
    }

    /// Whether an import brings it.
    pub fn is_import(&self) -> bool {
        self.import.is_some()
    }

    /// What the command's streams are named after.
    pub fn names(&self) -> Names<'_> {
        Names::new(self.actor, self.words).of_import(self.import)
    }

    /// The words of a field that [`crate::command::Command::opens`] asked for; none when they are erased.
    pub fn words_of<T: prost::Message + Default + Clone>(&self, field: &Field<T>) -> Option<T> {
        match field {
            Field::Clear(words) => Some(words.clone()),
            Field::Sealed(sealed) => {
                let (_, content) = self.opened.iter().find(|(opened, _)| opened == sealed)?;
                decode_opened(sealed, content.clone()).ok()?.present()
            }
        }
    }
}
