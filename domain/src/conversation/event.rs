//! What happens to a conversation and to a person's place in it.

use crate::conversation::values::{ConversationKind, MemberRole, MembershipSettings, PrivacyMode};
use crate::ids::{AccountId, ConversationId};
use crate::proto::account::v1::ReasonWords;
use crate::proto::conversation::v1::ConversationWords;
use crate::words::Field;
use serde::Serialize;

/// A conversation exists. Its members, the creator too, follow as one [`MemberJoined`] each.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationCreated {
    /// Which.
    pub conversation: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Whether the server can read what is said.
    pub privacy_mode: PrivacyMode,
    /// By whom.
    pub created_by: AccountId,
    /// Name and description of a group; the conversation's key.
    pub words: Option<Field<ConversationWords>>,
}

/// A group is called otherwise.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationChanged {
    /// Name and description as they are from now on, both; the conversation's key.
    pub words: Field<ConversationWords>,
}

/// A group is closed for all: what was said stays readable for who was a member, and nothing is added to it any more.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ConversationClosed {
    /// By whom.
    pub closed_by: AccountId,
}

/// Somebody is a member from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberJoined {
    /// Who.
    pub account: AccountId,
    /// As what.
    pub role: MemberRole,
}

/// Somebody is no member any more; the envelope's actor tells whether they left or were removed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberLeft {
    /// Who.
    pub account: AccountId,
}

/// A member has another role.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberRoleChanged {
    /// Who.
    pub account: AccountId,
    /// The new role.
    pub role: MemberRole,
}

/// A member keeps the conversation otherwise. Stands in `membership-<conversation>.<account>`; the newest one counts.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MembershipChanged {
    /// All settings as they are from now on.
    #[serde(flatten)]
    pub settings: MembershipSettings,
}

/// A message is among the conversation's pins from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessagePinned {
    /// Which.
    pub seq: u64,
    /// By whom.
    pub pinned_by: AccountId,
}

/// A message is no more among the pins: it was taken out, or deleted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageUnpinned {
    /// Which.
    pub seq: u64,
}

/// Messages are kept for another time from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RetentionChanged {
    /// For how many days; none for as long as the conversation.
    pub days: Option<u32>,
    /// By whom.
    pub changed_by: AccountId,
    /// Why, where only the role of an administrator allowed it; the deployment's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Field<ReasonWords>>,
}

/// The oldest messages are gone, because their time was over: those after the purge before, up to this one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessagesPurged {
    /// The last that is gone.
    pub through_seq: u64,
    /// How many this purge took; the range has no gap.
    pub count: u64,
    /// The last period that no later message's words are sealed in; 0 where no purged message had one.
    pub through_period: u32,
}

/// A person has read a conversation up to here. Stands in `read-<account>.<conversation>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReadMoved {
    /// The last message that was read.
    pub seq: u64,
}
