//! Stream names: `<category>-<key>`, lower case, never derived from personal data in a way that others can compute.

use crate::ids::{AccountId, ConversationId, Hash16, JobId, MessageId, SessionId, StoryId};
use serde::{Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What a stream is about; the first part of its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Category { $($(#[$doc])* $name,)* }

        impl Category {
            /// Every category.
            pub const ALL: &[Category] = &[$(Category::$name,)*];

            /// As it stands in stream names.
            pub const fn as_str(self) -> &'static str {
                match self { $(Category::$name => $text,)* }
            }

            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Category::$name),)* _ => None }
            }
        }
    };
}

categories! {
    /// What one account read by its role.
    Access = "access";
    /// Registration, credentials, profile, roles.
    Account = "account";
    /// Who is an administrator.
    Admins = "admins";
    /// Creation, name, members, roles of a conversation; never its messages.
    Conversation = "conversation";
    /// How far an import has come.
    Import = "import";
    /// Long work of operators: who started it, why, and how it ended.
    Job = "job";
    /// Destructions of keys.
    Keys = "keys";
    /// How one member keeps one conversation: muted, pinned, archived. The newest event counts.
    Membership = "membership";
    /// What happens to one message after it was sent.
    Message = "message";
    /// How far one account has read its notifications. The newest event counts.
    Notifications = "notifications";
    /// How far one person has read one conversation. Only the newest event counts.
    Read = "read";
    /// Whom one account follows, and its close friends.
    Relationship = "relationship";
    /// One sign-in.
    Session = "session";
    /// One story.
    Story = "story";
    /// `MessageSent` only: revision n is sequence n + 1.
    Timeline = "timeline";
    /// A user name, taken by whoever wrote first.
    Username = "username";
    /// The first time that somebody saw a story; truncated when the story is purged.
    View = "view";
}

/// What a stream keeps by its category, without anything being written for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Events older than this many seconds (by `recorded_at`) are no longer read.
    pub max_age_seconds: Option<u64>,
    /// Only this many newest events are read.
    pub max_count: Option<u64>,
}

impl Category {
    /// How long events of this category are kept.
    pub const fn retention(self) -> Retention {
        match self {
            Category::Read => Retention { max_age_seconds: None, max_count: Some(1) },
            Category::Session => Retention {
                max_age_seconds: Some(crate::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS as u64),
                max_count: None,
            },
            Category::Access
            | Category::Account
            | Category::Admins
            | Category::Conversation
            | Category::Import
            | Category::Job
            | Category::Keys
            | Category::Membership
            | Category::Message
            | Category::Notifications
            | Category::Relationship
            | Category::Story
            | Category::Timeline
            | Category::Username
            | Category::View => Retention { max_age_seconds: None, max_count: None },
        }
    }

    /// Whether events of this category vanish by age or count. Such events stand neither in the feed index nor in a state
    /// hash. Views, which are truncated with their story, stand in the index but in no state hash.
    pub const fn is_transient(self) -> bool {
        let kept = self.retention();
        kept.max_age_seconds.is_some() || kept.max_count.is_some()
    }
}

/// The text is not a stream name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid stream name")]
pub struct BadStreamName;

/// The name of a stream, at most [`StreamName::MAX_BYTES`] long. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName(Arc<str>);

impl StreamName {
    /// The longest name, in bytes.
    pub const MAX_BYTES: usize = 128;

    /// Accepts `<category>-<key>` with a known category and a key of `a-z`, `0-9`, `-`, `.`.
    pub fn parse(text: &str) -> Result<Self, BadStreamName> {
        let (category, key) = text.split_once('-').ok_or(BadStreamName)?;
        let key_is_plain = key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        if Category::parse(category).is_none() || key.is_empty() || !key_is_plain || text.len() > Self::MAX_BYTES {
            return Err(BadStreamName);
        }
        Ok(Self(text.into()))
    }

    fn of(category: Category, key: impl fmt::Display) -> Self {
        Self(format!("{}-{key}", category.as_str()).into())
    }

    /// `access-<account>`: what it read by its role.
    pub fn access(id: AccountId) -> Self {
        Self::of(Category::Access, id)
    }

    /// `account-<id>`.
    pub fn account(id: AccountId) -> Self {
        Self::of(Category::Account, id)
    }

    /// `admins-deployment`: the one stream that every change of who is an administrator goes through.
    pub fn admins() -> Self {
        Self::of(Category::Admins, "deployment")
    }

    /// `conversation-<id>`.
    pub fn conversation(id: ConversationId) -> Self {
        Self::of(Category::Conversation, id)
    }

    /// `import-<keyed hash of team and channel>`.
    pub fn import(hash: Hash16) -> Self {
        Self::of(Category::Import, hash)
    }

    /// `job-<id>`.
    pub fn job(id: JobId) -> Self {
        Self::of(Category::Job, id)
    }

    /// `keys-<subject>`: the destructions of one subject's keys.
    pub fn keys(subject: crate::words::Subject) -> Self {
        Self::of(Category::Keys, subject.stream_key())
    }

    /// `membership-<conversation>.<account>`.
    pub fn membership(conversation: ConversationId, account: AccountId) -> Self {
        Self::of(Category::Membership, format_args!("{conversation}.{account}"))
    }

    /// `message-<conversation>.<seq>`.
    pub fn message(id: MessageId) -> Self {
        Self::of(Category::Message, format_args!("{}.{}", id.conversation, id.seq))
    }

    /// `notifications-<account>`.
    pub fn notifications(id: AccountId) -> Self {
        Self::of(Category::Notifications, id)
    }

    /// `read-<account>.<conversation>`.
    pub fn read(account: AccountId, conversation: ConversationId) -> Self {
        Self::of(Category::Read, format_args!("{account}.{conversation}"))
    }

    /// `relationship-<account>`.
    pub fn relationship(id: AccountId) -> Self {
        Self::of(Category::Relationship, id)
    }

    /// `session-<id>`.
    pub fn session(id: SessionId) -> Self {
        Self::of(Category::Session, id)
    }

    /// `story-<id>`.
    pub fn story(id: StoryId) -> Self {
        Self::of(Category::Story, id)
    }

    /// `timeline-<conversation>`.
    pub fn timeline(id: ConversationId) -> Self {
        Self::of(Category::Timeline, id)
    }

    /// `username-<keyed hash of the lower-cased name>`.
    pub fn username(hash: Hash16) -> Self {
        Self::of(Category::Username, hash)
    }

    /// `view-<keyed hash of story and viewer>`.
    pub fn view(hash: Hash16) -> Self {
        Self::of(Category::View, hash)
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first hyphen. A name exists only with a known category.
    pub fn category(&self) -> Category {
        // A name is made by `parse` or a constructor above, so the category is always known.
        self.0.split_once('-').and_then(|(category, _)| Category::parse(category)).unwrap_or(Category::Account)
    }

    /// The part after the first hyphen.
    pub fn key(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, key)| key)
    }

    /// The conversation of a `conversation-…`, `timeline-…` or `message-…` stream.
    pub fn conversation_id(&self) -> Option<ConversationId> {
        match self.category() {
            Category::Conversation | Category::Timeline => self.key().parse().ok(),
            Category::Message => self.message_id().map(|id| id.conversation),
            _ => None,
        }
    }

    /// The message of a `message-…` stream.
    pub fn message_id(&self) -> Option<MessageId> {
        let (conversation, seq) =
            (self.category() == Category::Message).then(|| self.key().split_once('.')).flatten()?;
        Some(MessageId { conversation: conversation.parse().ok()?, seq: crate::ids::parse_seq(seq).ok()? })
    }

    /// The conversation and the member of a `membership-…` stream.
    pub fn member(&self) -> Option<(ConversationId, AccountId)> {
        let (conversation, account) =
            (self.category() == Category::Membership).then(|| self.key().split_once('.')).flatten()?;
        Some((conversation.parse().ok()?, account.parse().ok()?))
    }

    /// The story of a `story-…` stream.
    pub fn story_id(&self) -> Option<StoryId> {
        (self.category() == Category::Story).then(|| self.key().parse().ok()).flatten()
    }

    /// The account of a `notifications-…` stream.
    pub fn notified_id(&self) -> Option<AccountId> {
        (self.category() == Category::Notifications).then(|| self.key().parse().ok()).flatten()
    }

    /// The account of a `relationship-…` stream.
    pub fn relationship_id(&self) -> Option<AccountId> {
        (self.category() == Category::Relationship).then(|| self.key().parse().ok()).flatten()
    }

    /// The session of a `session-…` stream.
    pub fn session_id(&self) -> Option<SessionId> {
        (self.category() == Category::Session).then(|| self.key().parse().ok()).flatten()
    }

    /// The account of an `account-…` stream.
    pub fn account_id(&self) -> Option<AccountId> {
        (self.category() == Category::Account).then(|| self.key().parse().ok()).flatten()
    }
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StreamName({})", self.0)
    }
}

impl Serialize for StreamName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn names_are_read_back() {
        let conversation = ConversationId::new(Uuid::from_u128(9));
        let id = MessageId { conversation, seq: 12 };
        let name = StreamName::message(id);
        assert_eq!(StreamName::parse(name.as_str()), Ok(name.clone()));
        assert_eq!((name.message_id(), name.conversation_id()), (Some(id), Some(conversation)));
    }

    #[test]
    fn other_texts_are_no_names() {
        for bad in ["", "account", "account-", "nothing-1", "account-A", "account-a b", "$all"] {
            assert_eq!(StreamName::parse(bad), Err(BadStreamName), "{bad}");
        }
    }
}
