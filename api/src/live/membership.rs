//! Who may see what, folded from the log in its order and never from a read model.

use crate::live::render::reader;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, Position};
use domain::recorded::Recorded;
use domain::stream::StreamName;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// Membership changes that are remembered, at most. A socket whose index is further behind reads them from the log.
const CHANGES_MAX: usize = 65_536;

/// Who may see an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The members of a conversation.
    Conversation(ConversationId),
    /// The devices of an account.
    Account(AccountId),
    /// Who sees an author's stories: today the author's own devices.
    Author(AccountId),
}

/// The authors of stories whose end is among some events: an end does not name its author.
pub type Authors = HashMap<StreamName, AccountId>;

/// Who may see the event; none for what no feed shows.
pub fn topic_of(recorded: &Recorded, authors: &Authors) -> Option<Topic> {
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
        | Event::MessageEdited(_)
        | Event::MessageDeleted(_)
        | Event::ReactionAdded(_)
        | Event::ReactionRemoved(_) => recorded.stream.conversation_id().map(Topic::Conversation),
        Event::MembershipChanged(_) => recorded.stream.member().map(|(_, account)| Topic::Account(account)),
        Event::ReadMoved(_) => reader(&recorded.stream).map(|(account, _)| Topic::Account(account)),
        Event::SettingsChanged(_) => recorded.stream.account_id().map(Topic::Account),
        Event::DeviceKeyPublished(_) | Event::DeviceKeyRemoved(_) => recorded.stream.account_id().map(Topic::Author),
        Event::StoryPosted(e) => Some(Topic::Author(e.author)),
        Event::StoryExpired(_) => authors.get(&recorded.stream).copied().map(Topic::Author),
        Event::AccountRegistered(_)
        | Event::AdminsChanged(_)
        | Event::ContentAccessed(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::JobStarted(_)
        | Event::KeyDestroyed(_)
        | Event::PasswordChanged(_)
        | Event::RoleGranted(_)
        | Event::SessionOpened(_)
        | Event::UsernameReserved(_) => None,
    }
}

/// A join or a leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Of its event.
    pub position: Position,
    /// Where.
    pub conversation: ConversationId,
    /// Who.
    pub account: AccountId,
    /// Joined, otherwise left.
    pub joined: bool,
}

impl Change {
    /// The change that an event is, if it is one.
    pub fn of(recorded: &Recorded) -> Option<Self> {
        let (account, joined) = match &recorded.event {
            Event::MemberJoined(e) => (e.account, true),
            Event::MemberLeft(e) => (e.account, false),
            _ => return None,
        };
        let conversation = recorded.stream.conversation_id()?;
        Some(Self { position: recorded.position, conversation, account, joined })
    }

    /// Takes it over into the conversations of its account.
    pub fn apply(&self, conversations: &mut HashSet<ConversationId>) {
        if self.joined {
            conversations.insert(self.conversation);
        } else {
            conversations.remove(&self.conversation);
        }
    }
}

/// The newest membership changes of everybody.
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
    pub fn apply(&self, account: AccountId, position: Position, conversations: &mut HashSet<ConversationId>) -> bool {
        if position < self.since {
            return false;
        }
        let start = self.newest.partition_point(|change| change.position <= position);
        for change in self.newest.range(start..).filter(|change| change.account == account) {
            change.apply(conversations);
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
    /// The conversations that it is a member of.
    pub conversations: HashSet<ConversationId>,
}

impl Visibility {
    /// The account's, from what it saw before.
    pub fn new(account: AccountId, conversations: HashSet<ConversationId>) -> Self {
        Self { account, conversations }
    }

    /// Those of the events that the account sees. A member sees the creation of which they were a part, everything
    /// from their own joining on, and their own leaving last.
    pub fn pass(&mut self, events: &[Arc<Recorded>], authors: &Authors) -> Vec<Arc<Recorded>> {
        let mut seen = Vec::new();
        for (at, event) in events.iter().enumerate() {
            if let Event::ConversationCreated(created) = &event.event {
                let following = &events[at + 1..];
                let initial = &following[..initial_joins(event, following)];
                if initial.iter().filter_map(|event| Change::of(event)).any(|join| join.account == self.account) {
                    self.conversations.insert(created.conversation);
                }
            }
            let own = Change::of(event).filter(|change| change.account == self.account);
            if let Some(change) = own.filter(|change| change.joined) {
                change.apply(&mut self.conversations);
            }
            if self.sees(event, authors) {
                seen.push(Arc::clone(event));
            }
            if let Some(change) = own.filter(|change| !change.joined) {
                change.apply(&mut self.conversations);
            }
        }
        seen
    }

    fn sees(&self, event: &Recorded, authors: &Authors) -> bool {
        match topic_of(event, authors) {
            Some(Topic::Conversation(conversation)) => self.conversations.contains(&conversation),
            Some(Topic::Account(account) | Topic::Author(account)) => account == self.account,
            None => false,
        }
    }
}
