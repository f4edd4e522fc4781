//! What the reader of `messaging` answers with.

use domain::clock::Time;
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, PrivacyMode};
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::message::values::Ciphertext;
use domain::words::Content;

/// A conversation as one of its members, or one who left, sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ConversationView {
    /// Which.
    pub id: ConversationId,
    /// Direct or group.
    pub kind: ConversationKind,
    /// Whether the server can read what is said.
    pub privacy_mode: PrivacyMode,
    /// What a group is called (for one who left: was called then); none for a direct one, erased with the
    /// conversation's key.
    pub names: Option<Content<GroupNames>>,
    /// How many are in it; for one who left, how many stayed.
    pub member_count: u64,
    /// By whom it was created.
    pub created_by: AccountId,
    /// When.
    pub created_at: Time,
    /// The newest message that the viewer may read; none when it is gone, too.
    pub last_message: Option<MessageView>,
    /// The sequence number of the newest message that the viewer may read, also when it is gone; 0 for none.
    pub head_seq: u64,
    /// When something last happened that the viewer knows of: a message, the creation, or their own leave.
    pub last_activity: Time,
    /// Messages after `last_read_seq` that the viewer may read.
    pub unread_count: u64,
    /// The watermark, or the last message that is gone when that is further.
    pub last_read_seq: u64,
    /// What the viewer may do in it, or could.
    pub role: MemberRole,
    /// Whether the viewer left.
    pub left: bool,
    /// How the viewer keeps it.
    pub settings: MembershipSettings,
    /// When it was closed for all; who left before is not told.
    pub closed_at: Option<Time>,
    /// Of the newest event of its own stream.
    pub revision: u64,
}

/// What a group is called and about.
#[derive(Clone, PartialEq, Eq)]
pub struct GroupNames {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Option<String>,
}

/// Words are never shown by accident.
impl std::fmt::Debug for GroupNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GroupNames({} bytes)", self.name.len())
    }
}

/// Where a page of the inbox ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxCursor {
    /// The activity of its last conversation.
    pub activity: Position,
    /// That conversation.
    pub conversation: ConversationId,
}

/// Which page of the inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InboxQuery {
    /// Conversations that the viewer left, too.
    pub left: bool,
    /// Those that the viewer has put away, instead of the others.
    pub archived: bool,
    /// Only those that the viewer keeps at the top.
    pub pinned: bool,
    /// Where the page before ended; none for the first.
    pub after: Option<InboxCursor>,
    /// How many, at most.
    pub limit: usize,
}

/// A page of the inbox.
#[derive(Clone, Debug, PartialEq)]
pub struct InboxPage {
    /// Newest activity first.
    pub items: Vec<ConversationView>,
    /// Where the next page starts; none at the end.
    pub next: Option<InboxCursor>,
}

/// A member of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub account: AccountId,
    /// As what.
    pub role: MemberRole,
    /// Since when.
    pub joined_at: Time,
    /// Where the next page starts when this is the last of a page.
    pub cursor: Position,
}

/// A page of members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MembersPage {
    /// The longest members first.
    pub items: Vec<MemberView>,
    /// Whether there are more.
    pub has_more: bool,
}

/// A pinned message.
#[derive(Clone, Debug, PartialEq)]
pub struct PinView {
    /// The message.
    pub message: MessageView,
    /// By whom.
    pub pinned_by: AccountId,
    /// When.
    pub pinned_at: Time,
}

/// Which part of a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// The newest page.
    Newest,
    /// What stands right before this sequence number.
    Before(u64),
    /// What stands right after it; 0 for the first.
    After(u64),
    /// What stands around it, itself included.
    Around(u64),
}

/// A part of a timeline.
#[derive(Clone, Debug, PartialEq)]
pub struct MessagePage {
    /// Oldest first.
    pub items: Vec<MessageView>,
    /// Whether there is nothing older.
    pub found_oldest: bool,
    /// Whether there is nothing newer that the viewer may read.
    pub found_newest: bool,
}

/// What happened to a message when it became another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionKind {
    /// It was sent.
    Sent,
    /// It got another text.
    Edited,
    /// It was deleted.
    Deleted,
}

/// A version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// Its place among the versions: 0 for the first, growing, with gaps.
    pub number: u64,
    /// How it came about.
    pub kind: VersionKind,
    /// Where its event stands in the log.
    pub position: Position,
    /// When.
    pub at: Time,
}

/// A part of a message's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Oldest first.
    pub items: Vec<VersionView>,
    /// The number of the version that the next page starts with; none at the end.
    pub next: Option<u64>,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// Its text, as last edited.
    Text(String),
    /// What its sender's device encrypted, as last edited.
    Ciphertext(Ciphertext),
    /// Its key was destroyed.
    Erased,
    /// It was deleted.
    Deleted,
}

/// Words are never shown by accident.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Body::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Body::Ciphertext(ciphertext) => ciphertext.fmt(f),
            Body::Erased => f.write_str("Erased"),
            Body::Deleted => f.write_str("Deleted"),
        }
    }
}

/// A message in its current form.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageView {
    /// Which.
    pub id: MessageId,
    /// By whom.
    pub sender: AccountId,
    /// What it says.
    pub body: Body,
    /// Its sender's own reference to it.
    pub client_ref: Option<String>,
    /// Whom it mentions, as last edited.
    pub mentions: Vec<AccountId>,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// How many messages answer it.
    pub reply_count: u64,
    /// When it was sent.
    pub sent_at: Time,
    /// When it was last edited.
    pub edited_at: Option<Time>,
    /// When it was deleted.
    pub deleted_at: Option<Time>,
    /// The revision of its own stream, which counts what happened to it since; none when nothing did.
    pub revision: Option<u64>,
    /// In the order of each emoji's first reaction.
    pub reactions: Vec<ReactionCount>,
    /// Where it stands in the log.
    pub position: Position,
}

/// How often an emoji was used on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// Whether the viewer is one of them.
    pub reacted: bool,
}

/// Who used an emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReactionView {
    /// Which.
    pub emoji: String,
    /// Who, the first one first.
    pub accounts: Vec<AccountId>,
}
