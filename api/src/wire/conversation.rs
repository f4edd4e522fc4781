//! Conversations and their members.

use crate::wire::message::Message;
use domain::clock::Time;
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::ids::{AccountId, ConversationId};
use domain::words::Content;
use projections::conversation::messaging::views::{ConversationView, MemberView};
use serde::Serialize;
use utoipa::ToSchema;

/// A conversation as one of its members sees it.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Conversation {
    /// What everybody in it sees.
    #[serde(flatten)]
    pub shared: Shared,
    /// Messages of others that the caller has not read.
    pub unread_count: u64,
    /// The last message that the caller has read; 0 for none.
    pub last_read_seq: u64,
    /// Whether the caller wants no notifications.
    pub muted: bool,
    /// Whether the caller keeps it at the top.
    pub pinned: bool,
    /// Whether the caller has put it away.
    pub archived: bool,
}

/// A conversation without anything that depends on who looks: also the `data` of `conversation.created`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Shared {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: ConversationId,
    /// `direct` or `group`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "group")]
    pub kind: ConversationKind,
    /// A group's name; null for a direct one and once erased.
    pub name: Option<String>,
    /// What a group is about.
    pub description: Option<String>,
    /// `searchable` or `strict_e2e`.
    #[schema(value_type = String, example = "searchable")]
    pub privacy_mode: PrivacyMode,
    /// How many are in it.
    pub member_count: u64,
    /// Who created it.
    #[schema(value_type = uuid::Uuid)]
    pub created_by: AccountId,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// The newest message that one may see.
    pub last_message: Option<Message>,
}

impl From<ConversationView> for Conversation {
    fn from(view: ConversationView) -> Self {
        let (name, description) = match view.names {
            Some(Content::Present(names)) => (Some(names.name), names.description),
            Some(Content::Erased) | None => (None, None),
        };
        let shared = Shared {
            id: view.id,
            kind: view.kind,
            name,
            description,
            privacy_mode: view.privacy_mode,
            member_count: view.member_count,
            created_by: view.created_by,
            created_at: view.created_at,
            last_message: view.last_message.map(Message::from),
        };
        Self { unread_count: view.unread_count, last_read_seq: view.last_read_seq, ..Self::fresh(shared) }
    }
}

impl Conversation {
    /// A conversation in which nothing was said yet, as somebody sees it who has set nothing.
    pub fn fresh(shared: Shared) -> Self {
        Self { shared, unread_count: 0, last_read_seq: 0, muted: false, pinned: false, archived: false }
    }
}

/// Somebody in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Member {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
    /// `owner`, `admin` or `member`.
    #[schema(value_type = String, example = "member")]
    pub role: MemberRole,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub joined_at: Time,
}

impl From<&MemberView> for Member {
    fn from(view: &MemberView) -> Self {
        Self { account_id: view.account, role: view.role, joined_at: view.joined_at }
    }
}

/// How many messages were sent, and who was active.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Analytics {
    /// Days with messages, ascending; others had none.
    pub messages_per_day: Vec<DayCount>,
    /// Days with active members, ascending.
    pub active_members: Vec<DayCount>,
    /// What was asked for.
    pub date_range: DateRange,
}

/// A day and a number.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DayCount {
    /// In UTC.
    #[schema(format = Date)]
    pub day: String,
    /// How many.
    pub count: u64,
}

/// Two days, both included.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct DateRange {
    /// The first.
    #[schema(format = Date)]
    pub from: String,
    /// The last.
    #[schema(format = Date)]
    pub to: String,
}
