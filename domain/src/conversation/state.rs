//! What deciding needs to know of a conversation and of a read watermark.

use crate::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use crate::event::Event;
use crate::ids::AccountId;
use std::collections::BTreeMap;

/// A member, and when they became one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// As what.
    pub role: MemberRole,
    /// The revision of the join: the smaller, the longer a member.
    pub joined_revision: u64,
}

/// The state of `conversation-<id>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
    },
}

impl Conversation {
    /// The member with this account.
    pub fn member(&self, account: AccountId) -> Option<Member> {
        match self {
            Conversation::Unknown => None,
            Conversation::Open { members, .. } => members.get(&account).copied(),
        }
    }

    /// Whether it was created.
    pub fn exists(&self) -> bool {
        matches!(self, Conversation::Open { .. })
    }

    /// Takes over what happened. `revision` is the event's.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        match (&mut *self, event) {
            (Conversation::Unknown, Event::ConversationCreated(e)) => {
                *self = Conversation::Open { kind: e.kind, privacy_mode: e.privacy_mode, members: BTreeMap::new() };
            }
            (Conversation::Open { members, .. }, Event::MemberJoined(e)) => {
                members.insert(e.account, Member { role: e.role, joined_revision: revision });
            }
            (Conversation::Open { members, .. }, Event::MemberLeft(e)) => {
                members.remove(&e.account);
            }
            (Conversation::Open { members, .. }, Event::MemberRoleChanged(e)) => {
                if let Some(member) = members.get_mut(&e.account) {
                    member.role = e.role;
                }
            }
            _ => {}
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
