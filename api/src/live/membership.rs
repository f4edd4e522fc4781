//! Who may see what, folded from the log in its order and never from a read model.

use crate::live::render::reader;
use crate::live::story::{Stories, shown_to};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, Position};
use domain::recorded::Recorded;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Changes that are remembered, at most. A socket whose index is further behind reads them from the log.
const CHANGES_MAX: usize = 65_536;

/// Who may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The members of a conversation.
    Conversation(ConversationId),
    /// The devices of an account.
    Account(AccountId),
    /// Who sees what an account shows to others; today its own devices.
    Author(AccountId),
    /// Those whom the stories of an author reach. Each event of a story says for itself whom ([`shown_to`]).
    Stories(AccountId),
    /// Everybody.
    Everyone,
}

/// Who may see the event; none for what no feed shows.
pub fn topic_of(recorded: &Recorded, stories: &Stories) -> Option<Topic> {
    match &recorded.event {
        Event::ConversationChanged(_)
        | Event::ConversationClosed(_)
        | Event::ConversationCreated(_)
        | Event::MemberJoined(_)
        | Event::MemberLeft(_)
        | Event::MemberRoleChanged(_)
        | Event::MessagePinned(_)
        | Event::MessageSent(_)
        | Event::MessageUnpinned(_)
        | Event::MessagesPurged(_)
        | Event::MessageEdited(_)
        | Event::MessageDeleted(_)
        | Event::ReactionAdded(_)
        | Event::ReactionRemoved(_)
        | Event::RetentionChanged(_) => recorded.stream.conversation_id().map(Topic::Conversation),
        Event::MembershipChanged(_) => recorded.stream.member().map(|(_, account)| Topic::Account(account)),
        Event::NotificationsRead(_) => recorded.stream.notified_id().map(Topic::Account),
        Event::ReadMoved(_) => reader(&recorded.stream).map(|(account, _)| Topic::Account(account)),
        Event::ProfileChanged(_) => recorded.stream.account_id().map(Topic::Author),
        Event::ErasureCancelled(_) | Event::ErasureRequested(_) | Event::SettingsChanged(_) => {
            recorded.stream.account_id().map(Topic::Account)
        }
        Event::DeviceKeyPublished(_) | Event::DeviceKeyRemoved(_) => recorded.stream.account_id().map(Topic::Author),
        Event::AccountErased(_) => Some(Topic::Everyone),
        Event::AccountFollowed(_)
        | Event::AccountUnfollowed(_)
        | Event::AccountBlocked(_)
        | Event::AccountUnblocked(_)
        | Event::CloseFriendAdded(_)
        | Event::CloseFriendRemoved(_)
        | Event::StoriesHidden(_)
        | Event::StoriesMuted(_)
        | Event::StoriesShown(_)
        | Event::StoriesUnmuted(_) => recorded.stream.relationship_id().map(Topic::Account),
        Event::StoryPosted(e) => Some(Topic::Stories(e.author)),
        Event::StoryDeleted(_) | Event::StoryExpired(_) | Event::StoryPrivacyChanged(_) => {
            stories.get(&recorded.position).map(|story| Topic::Stories(story.author))
        }
        Event::StoryViewed(e) => Some(Topic::Account(e.author)),
        Event::AccountRegistered(_)
        | Event::AdminsChanged(_)
        | Event::ContentAccessed(_)
        | Event::ErasureBegun(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::JobStarted(_)
        | Event::KeyDestroyed(_)
        | Event::PasswordChanged(_)
        | Event::RoleGranted(_)
        | Event::SessionOpened(_)
        | Event::SessionRefreshed(_)
        | Event::SessionRevoked(_)
        | Event::UsernameReserved(_) => None,
    }
}

/// Where somebody is let in or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Among the members of a conversation.
    Conversation(ConversationId),
    /// Among the followers of an author.
    Followers(AccountId),
    /// Among those who block an account: no event goes there, but what is ephemeral stays away.
    Blockers(AccountId),
}

/// What an account sees beside its own affairs. Whose close friend it is, is no part of it: that has no limit, and is
/// looked up from the author's side when it matters ([`crate::live::circles`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// The conversations that it is a member of.
    pub conversations: HashSet<ConversationId>,
    /// The authors whom it follows: at most [`domain::limits::FOLLOWS_PER_ACCOUNT_MAX`].
    pub follows: HashSet<AccountId>,
    /// Whom it blocks: at most [`domain::limits::BLOCKS_PER_ACCOUNT_MAX`]. Who blocks it has no limit, and is no part of it.
    pub blocks: HashSet<AccountId>,
}

impl Sight {
    /// Lets the account in; whether it was not.
    pub fn enter(&mut self, place: Place) -> bool {
        match place {
            Place::Conversation(conversation) => self.conversations.insert(conversation),
            Place::Followers(author) => self.follows.insert(author),
            Place::Blockers(blocked) => self.blocks.insert(blocked),
        }
    }

    /// Lets it in no longer; whether it was.
    pub fn leave(&mut self, place: Place) -> bool {
        match place {
            Place::Conversation(conversation) => self.conversations.remove(&conversation),
            Place::Followers(author) => self.follows.remove(&author),
            Place::Blockers(blocked) => self.blocks.remove(&blocked),
        }
    }

    /// Everywhere that it is let in.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        let conversations = self.conversations.iter().copied().map(Place::Conversation);
        let follows = self.follows.iter().copied().map(Place::Followers);
        let blocks = self.blocks.iter().copied().map(Place::Blockers);
        conversations.chain(follows).chain(blocks)
    }
}

/// The types of events that are a [`Change`], and the prefixes of their streams.
pub const CHANGING: ([EventType; 6], [&str; 2]) = (
    [
        EventType::MemberJoined,
        EventType::MemberLeft,
        EventType::AccountFollowed,
        EventType::AccountUnfollowed,
        EventType::AccountBlocked,
        EventType::AccountUnblocked,
    ],
    ["conversation-", "relationship-"],
);

/// Somebody is let in somewhere, or no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of its event.
    pub position: Position,
    /// Where.
    pub place: Place,
    /// Who.
    pub account: AccountId,
    /// Let in, otherwise no longer.
    pub joined: bool,
}

impl Change {
    /// The change that an event is, if it is one.
    pub fn of(recorded: &Recorded) -> Option<Self> {
        let owner = || recorded.stream.relationship_id();
        let (account, place, joined) = match &recorded.event {
            Event::MemberJoined(e) => (e.account, Place::Conversation(recorded.stream.conversation_id()?), true),
            Event::MemberLeft(e) => (e.account, Place::Conversation(recorded.stream.conversation_id()?), false),
            Event::AccountFollowed(e) => (owner()?, Place::Followers(e.account), true),
            Event::AccountUnfollowed(e) => (owner()?, Place::Followers(e.account), false),
            Event::AccountBlocked(e) => (owner()?, Place::Blockers(e.account), true),
            Event::AccountUnblocked(e) => (owner()?, Place::Blockers(e.account), false),
            _ => return None,
        };
        Some(Self { position: recorded.position, place, account, joined })
    }

    /// Takes it over into the sight of its account.
    pub fn apply(&self, sight: &mut Sight) {
        if self.joined {
            sight.enter(self.place);
        } else {
            sight.leave(self.place);
        }
    }
}

/// The newest changes of everybody.
#[derive(Debug, Default)]
pub struct Changes {
    /// Every change after this position is among them.
    since: Position,
    newest: VecDeque<Change>,
}

impl Changes {
    /// None yet, after a position.
    pub fn after(since: Position) -> Self {
        Self { since, newest: VecDeque::new() }
    }

    /// Remembers one more.
    pub fn push(&mut self, change: Change) {
        if self.newest.len() == CHANGES_MAX
            && let Some(oldest) = self.newest.pop_front()
        {
            self.since = oldest.position;
        }
        self.newest.push_back(change);
    }

    /// Applies what happened to an account after `position`. False when that is no more known.
    pub fn apply(&self, account: AccountId, position: Position, sight: &mut Sight) -> bool {
        if position < self.since {
            return false;
        }
        let start = self.newest.partition_point(|change| change.position <= position);
        for change in self.newest.range(start..).filter(|change| change.account == account) {
            change.apply(sight);
        }
        true
    }
}

/// How many of the events that follow a `ConversationCreated` are joins of the unit that created it.
pub fn initial_joins(created: &Recorded, following: &[Arc<Recorded>]) -> usize {
    let belongs = |event: &&Arc<Recorded>| {
        matches!(event.event, Event::MemberJoined(_))
            && event.stream == created.stream
            && event.correlation_id == created.correlation_id
    };
    following.iter().take_while(belongs).count()
}

/// Where the events end that can be handed on: a creation whose joins may still be coming waits for them.
pub fn complete_len(events: &[Arc<Recorded>]) -> usize {
    let last_created = events.iter().rposition(|event| matches!(event.event, Event::ConversationCreated(_)));
    match last_created {
        Some(at) if at + 1 + initial_joins(&events[at], &events[at + 1..]) == events.len() => at,
        _ => events.len(),
    }
}

/// What one account sees as events pass in the order of the log.
pub struct Visibility {
    account: AccountId,
    /// Where it is let in.
    pub sight: Sight,
}

impl Visibility {
    /// The account's, from what it saw before.
    pub fn new(account: AccountId, sight: Sight) -> Self {
        Self { account, sight }
    }

    /// Whose it is.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// Those of the events that the account sees, as it is shown them. A member sees the creation of which they were a
    /// part, everything from their own joining on, and their own leaving last.
    pub fn pass(&mut self, events: &[Arc<Recorded>], stories: &Stories) -> Vec<Arc<Recorded>> {
        let mut seen = Vec::new();
        for (at, event) in events.iter().enumerate() {
            if let Event::ConversationCreated(created) = &event.event {
                let following = &events[at + 1..];
                let initial = &following[..initial_joins(event, following)];
                if initial.iter().filter_map(|event| Change::of(event)).any(|join| join.account == self.account) {
                    self.sight.conversations.insert(created.conversation);
                }
            }
            let own = Change::of(event).filter(|change| change.account == self.account);
            if let Some(change) = own.filter(|change| change.joined) {
                change.apply(&mut self.sight);
            }
            seen.extend(self.shown(event, stories));
            if let Some(change) = own.filter(|change| !change.joined) {
                change.apply(&mut self.sight);
            }
        }
        seen
    }

    fn shown(&self, event: &Arc<Recorded>, stories: &Stories) -> Option<Arc<Recorded>> {
        let is_seen = match topic_of(event, stories)? {
            Topic::Conversation(conversation) => self.sight.conversations.contains(&conversation),
            Topic::Account(account) | Topic::Author(account) => account == self.account,
            Topic::Everyone => true,
            Topic::Stories(author) => {
                let ties = stories.get(&event.position)?.ties(self.account, self.sight.follows.contains(&author));
                return shown_to(event, stories, ties);
            }
        };
        is_seen.then(|| Arc::clone(event))
    }
}
