//! Conversations and their members.

use crate::wire::message::Message;
use domain::clock::Time;
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, Mute, Notify, PrivacyMode};
use domain::ids::{AccountId, ConversationId};
use domain::words::Content;
use projections::conversation::message_counts;
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
    /// How the caller keeps it.
    #[serde(flatten)]
    pub kept: Kept,
    /// Whether the caller left it: then everything is as it was at that moment, messages in their current form.
    pub left: bool,
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
    /// When it was closed for all; null while it is open.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub closed_at: Option<Time>,
    /// The newest message that one may see.
    pub last_message: Option<Message>,
}

impl Conversation {
    /// The conversation as it is seen at this time: a mute may be over.
    pub fn of(view: ConversationView, now: Time) -> Self {
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
            closed_at: view.closed_at,
            last_message: view.last_message.map(Message::from),
        };
        let kept = Kept::at(view.settings, now);
        Self { shared, unread_count: view.unread_count, last_read_seq: view.last_read_seq, kept, left: view.left }
    }

    /// A conversation in which nothing was said yet, as somebody sees it who has set nothing.
    pub fn fresh(shared: Shared) -> Self {
        let kept = Kept::at(MembershipSettings::default(), Time::default());
        Self { shared, unread_count: 0, last_read_seq: 0, kept, left: false }
    }
}

/// How somebody keeps a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct Kept {
    /// Whether the caller wants no notifications.
    pub muted: bool,
    /// Until when, if that has an end.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub mute_until: Option<Time>,
    /// Whether the caller keeps it at the top.
    pub pinned: bool,
    /// Whether the caller has put it away.
    pub archived: bool,
    /// What the caller wants to be notified of: `all`, `mentions` or `none`.
    #[schema(value_type = String, example = "all")]
    pub notify: Notify,
}

impl Kept {
    /// At this time: a mute that is over is none.
    pub fn at(settings: MembershipSettings, now: Time) -> Self {
        let MembershipSettings { mute, pinned, archived, notify } = settings;
        let (muted, mute_until) = match mute {
            Mute::Until(end) if mute.holds(now) => (true, Some(end)),
            Mute::Off | Mute::Until(_) => (false, None),
            Mute::Always => (true, None),
        };
        Self { muted, mute_until, pinned, archived, notify }
    }
}

/// How somebody keeps a conversation: also the `data` of `conversation.settings_changed`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub struct ConversationSettings {
    /// Which.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// How.
    #[serde(flatten)]
    pub kept: Kept,
}

impl ConversationSettings {
    /// At this time.
    pub fn at(conversation_id: ConversationId, settings: MembershipSettings, now: Time) -> Self {
        Self { conversation_id, kept: Kept::at(settings, now) }
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

/// A member and their messages.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MemberCount {
    /// Who; they may have left since.
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
    /// How many they sent on these days.
    pub message_count: u64,
    /// When the last of them was sent.
    #[schema(value_type = String, format = DateTime)]
    pub last_message_at: Time,
}

impl From<message_counts::MemberCount> for MemberCount {
    fn from(of: message_counts::MemberCount) -> Self {
        Self { account_id: of.account, message_count: of.count, last_message_at: of.last_at }
    }
}

/// A conversation in four figures.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Metadata {
    /// How many are in it.
    pub member_count: u64,
    /// How many messages were sent; what was deleted or purged later was sent nevertheless.
    pub message_count: u64,
    /// When it was created.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Time,
    /// When the newest message was sent; null where there is none, or none any more.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_message_at: Option<Time>,
}

impl From<&ConversationView> for Metadata {
    fn from(view: &ConversationView) -> Self {
        let last = view.last_message.as_ref();
        Self {
            member_count: view.member_count,
            // Sequence numbers have no gaps, and what was purged was sent.
            message_count: view.head_seq,
            created_at: view.created_at,
            last_message_at: last.map(|message| message.sent_at),
        }
    }
}

/// For how long a conversation keeps its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Retention {
    /// For how many days; null for as long as the conversation.
    #[schema(minimum = 1, maximum = 3650, example = 30)]
    pub days: Option<u32>,
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
