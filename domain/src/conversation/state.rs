//! What deciding needs to know of a conversation, of a member's settings and of a read watermark.

use crate::conversation::event::MessagesPurged;
use crate::conversation::values::{ConversationKind, MemberRole, MembershipSettings, PrivacyMode};
use crate::event::Event;
use crate::ids::AccountId;
use crate::proto::conversation::v1::ConversationWords;
use crate::words::Field;
use std::collections::{BTreeMap, BTreeSet};

/// A member, and when they became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// As what.
    pub role: MemberRole,
    /// The revision of the join: the smaller, the longer a member.
    pub joined_revision: u64,
}

/// For how long messages are kept, and which are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// For how many days; none for as long as the conversation.
    pub days: Option<u32>,
    /// The last message that is gone; 0 for none.
    pub through_seq: u64,
    /// No later message's words are sealed in this period or one before; 0 for none.
    pub through_period: u32,
}

/// The state of `conversation-<id>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Conversation {
    /// Never created.
    #[default]
    Unknown,
    /// Open.
    Open {
        /// Direct or group.
        kind: ConversationKind,
        /// Whether the server can read what is said.
        privacy_mode: PrivacyMode,
        /// Who is in it.
        members: BTreeMap<AccountId, Member>,
        /// Who was in it and is not any more.
        former: BTreeSet<AccountId>,
        /// What a group is called.
        words: Option<Field<ConversationWords>>,
        /// The pinned messages, by sequence number.
        pins: BTreeSet<u64>,
        /// For how long messages are kept, and which are gone.
        kept: Kept,
    },
    /// Closed for all.
    Closed {
        /// Whether the server can read what was said.
        privacy_mode: PrivacyMode,
        /// Who was in it when it was closed.
        members: BTreeMap<AccountId, Member>,
        /// Who had left by then: leaving once more tells them nothing.
        former: BTreeSet<AccountId>,
        /// For how long messages are kept, and which are gone.
        kept: Kept,
    },
}

impl Kept {
    fn purge(&mut self, event: &MessagesPurged) {
        (self.through_seq, self.through_period) = (event.through_seq, event.through_period);
    }
}

impl Conversation {
    /// The member with this account; of a closed conversation, who was one when it was closed.
    pub fn member(&self, account: AccountId) -> Option<Member> {
        match self {
            Conversation::Unknown => None,
            Conversation::Open { members, .. } | Conversation::Closed { members, .. } => members.get(&account).copied(),
        }
    }

    /// For how long messages are kept, and which are gone.
    pub fn kept(&self) -> Kept {
        match self {
            Conversation::Unknown => Kept::default(),
            Conversation::Open { kept, .. } | Conversation::Closed { kept, .. } => *kept,
        }
    }

    /// Whether it was created.
    pub fn exists(&self) -> bool {
        matches!(self, Conversation::Open { .. } | Conversation::Closed { .. })
    }

    /// Takes over what happened. `revision` is the event's.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        match (&mut *self, event) {
            (Conversation::Unknown, Event::ConversationCreated(e)) => {
                *self = Conversation::Open {
                    kind: e.kind,
                    privacy_mode: e.privacy_mode,
                    members: BTreeMap::new(),
                    former: BTreeSet::new(),
                    words: e.words.clone(),
                    pins: BTreeSet::new(),
                    kept: Kept::default(),
                };
            }
            (Conversation::Open { words, .. }, Event::ConversationChanged(e)) => *words = Some(e.words.clone()),
            (Conversation::Open { members, former, privacy_mode, kept, .. }, Event::ConversationClosed(_)) => {
                let (members, former) = (std::mem::take(members), std::mem::take(former));
                *self = Conversation::Closed { privacy_mode: *privacy_mode, members, former, kept: *kept };
            }
            (Conversation::Open { members, former, .. }, Event::MemberJoined(e)) => {
                members.insert(e.account, Member { role: e.role, joined_revision: revision });
                former.remove(&e.account);
            }
            (Conversation::Open { members, former, .. }, Event::MemberLeft(e)) => {
                members.remove(&e.account);
                former.insert(e.account);
            }
            (Conversation::Open { members, .. }, Event::MemberRoleChanged(e)) => {
                if let Some(member) = members.get_mut(&e.account) {
                    member.role = e.role;
                }
            }
            (Conversation::Open { pins, .. }, Event::MessagePinned(e)) => {
                pins.insert(e.seq);
            }
            (Conversation::Open { pins, .. }, Event::MessageUnpinned(e)) => {
                pins.remove(&e.seq);
            }
            (Conversation::Open { kept, .. } | Conversation::Closed { kept, .. }, Event::RetentionChanged(e)) => {
                kept.days = e.days;
            }
            (Conversation::Open { kept, pins, .. }, Event::MessagesPurged(e)) => {
                kept.purge(e);
                *pins = pins.split_off(&e.through_seq.saturating_add(1));
            }
            (Conversation::Closed { kept, .. }, Event::MessagesPurged(e)) => kept.purge(e),
            _ => {}
        }
    }
}

/// The state of `membership-<conversation>.<account>`, from its newest event alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// How the member keeps the conversation.
    pub settings: MembershipSettings,
}

impl Membership {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::MembershipChanged(e) = event {
            self.settings = e.settings;
        }
    }
}

/// The state of `read-<account>.<conversation>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// The last message that was read; 0 for none.
    pub seq: u64,
}

impl Read {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::ReadMoved(e) = event {
            self.seq = e.seq;
        }
    }
}
