//! The `data` of frames that no answer over HTTP has; the others are in [`crate::wire`].

use domain::clock::Time;
use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
use domain::ids::{AccountId, ConversationId, DeviceId, DeviceKeyId, Position, StoryId};
use domain::story::values::StoryPrivacy;
use serde::Serialize;

/// `conversation.created`, `conversation.updated` and `conversation.deleted`: the conversation without personal fields and
/// without what its own frames tell.
#[derive(Serialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// `direct` or `group`.
    #[serde(rename = "type")]
    pub kind: ConversationKind,
    /// A group's name; null for a direct one and once erased.
    pub name: Option<String>,
    /// What a group is about.
    pub description: Option<String>,
    /// `searchable` or `strict_e2e`.
    pub privacy_mode: PrivacyMode,
    /// Who created it.
    pub created_by: AccountId,
    /// When.
    pub created_at: Time,
    /// When it was closed for all; null while it is open.
    pub closed_at: Option<Time>,
}

/// `member.joined`.
#[derive(Serialize)]
pub struct MemberJoined {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub account_id: AccountId,
    /// As what.
    pub role: MemberRole,
    /// The newest message at that moment; 0 for none.
    pub last_seq: u64,
}

/// `member.left`.
#[derive(Serialize)]
pub struct MemberLeft {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub account_id: AccountId,
    /// The newest message at that moment, which is the last that they may read; 0 for none.
    pub last_seq: u64,
}

/// `member.role_changed`.
#[derive(Serialize)]
pub struct MemberRoleChanged {
    /// Where.
    pub conversation_id: ConversationId,
    /// Whose.
    pub account_id: AccountId,
    /// The new role.
    pub role: MemberRole,
}

/// `message.pinned`.
#[derive(Serialize)]
pub struct MessagePinned {
    /// Where.
    pub conversation_id: ConversationId,
    /// The message's place there.
    pub seq: u64,
    /// Who pinned it.
    pub pinned_by: AccountId,
    /// When.
    pub pinned_at: Time,
}

/// `message.unpinned`.
#[derive(Serialize)]
pub struct MessageUnpinned {
    /// Where.
    pub conversation_id: ConversationId,
    /// The message's place there.
    pub seq: u64,
}

/// `conversation.retention_changed`.
#[derive(Serialize)]
pub struct RetentionChanged {
    /// Where.
    pub conversation_id: ConversationId,
    /// For how many days messages are kept from now on; null for as long as the conversation.
    pub days: Option<u32>,
}

/// `messages.purged`: a client forgets these messages, their pins and what it was notified of about them; they count as read.
#[derive(Serialize)]
pub struct MessagesPurged {
    /// Where.
    pub conversation_id: ConversationId,
    /// The last message that is gone, with all before it.
    pub through_seq: u64,
    /// How many of them went now.
    pub count: u64,
}

/// `notifications.read`.
#[derive(Serialize)]
pub struct NotificationsRead {
    /// The newest notification that was read.
    pub up_to: Position,
}

/// `read.moved`.
#[derive(Serialize)]
pub struct ReadMoved {
    /// Where.
    pub conversation_id: ConversationId,
    /// Who.
    pub account_id: AccountId,
    /// The last message that was read.
    pub seq: u64,
}

/// `story.posted`: the story without what depends on the viewer.
#[derive(Serialize)]
pub struct StoryPosted {
    /// Its id.
    pub id: StoryId,
    /// Who posted it.
    pub author_id: AccountId,
    /// `text`, `image` or `video`.
    pub content_type: &'static str,
    /// The image or video.
    pub media: Option<String>,
    /// What it says; null once erased.
    pub text: Option<String>,
    /// What stands beside it.
    pub caption: Option<String>,
    /// Who may see it.
    pub privacy: StoryPrivacy,
    /// When it was posted.
    pub posted_at: Time,
    /// When it is seen no more.
    pub expires_at: Time,
}

/// `story.expired`, and `story.deleted`: it is gone, for whatever reason.
#[derive(Serialize)]
pub struct StoryEnded {
    /// Which.
    pub id: StoryId,
    /// Whose.
    pub author_id: AccountId,
}

/// `device_key.changed`.
#[derive(Serialize)]
pub struct DeviceKeyChanged {
    /// Whose.
    pub account_id: AccountId,
    /// Which device.
    pub device_id: DeviceId,
    /// Its key from now on; null when it has none. What kind of key is asked for by `GET /v1/accounts/{id}/keys`.
    pub key_id: Option<DeviceKeyId>,
}

/// `story.privacy_changed`, for everybody who may see it from now on: some of them did not before and fetch it.
#[derive(Serialize)]
pub struct StoryPrivacyChanged {
    /// Which.
    pub id: StoryId,
    /// Whose.
    pub author_id: AccountId,
    /// Who may see it.
    pub privacy: StoryPrivacy,
}

/// `story.viewed`, for its author.
#[derive(Serialize)]
pub struct StoryViewed {
    /// Which.
    pub story_id: StoryId,
    /// Who saw it.
    pub account_id: AccountId,
    /// When.
    pub viewed_at: Time,
    /// For how long, as their device said, in milliseconds.
    pub duration_ms: Option<u32>,
}

/// `relationship.changed`, for one's own devices.
#[derive(Serialize)]
pub struct RelationshipChanged {
    /// To whom.
    pub account_id: AccountId,
    /// `following`, `close_friend`, `blocked`, `story_muted` (the account's stories stay out of one's story feed) or
    /// `story_hidden` (one's own are hidden from the account).
    pub relation: &'static str,
    /// Whether it is so from now on, or no longer.
    pub active: bool,
}

/// `account.updated`: when one's own account is to be erased. The other fields did not change.
#[derive(Serialize)]
pub struct ErasureChanged {
    /// One's own.
    pub id: AccountId,
    /// When; null when it is not to be erased after all.
    pub erases_at: Option<Time>,
}

/// `account.updated`: what others may see of an account and changed.
#[derive(Serialize)]
pub struct AccountUpdated {
    /// Which.
    pub id: AccountId,
    /// How the person wants to be called; null once erased.
    pub display_name: Option<String>,
    /// What the person says of themselves.
    pub bio: Option<String>,
}

/// `account.erased`, for everybody: a client forgets what it holds of the account's words.
#[derive(Serialize)]
pub struct AccountErased {
    /// Which. Its names, and the words of its messages and stories, are null in whatever is read from now on.
    pub id: AccountId,
}
