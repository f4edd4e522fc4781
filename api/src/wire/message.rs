//! Messages and reactions.

use crate::wire::opaque::encode;
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::message::values::{Ciphertext, MessageContent};
use domain::proto::message::v1::MessageWords;
use projections::conversation::messaging::views::{Body, MessageView, PinView, ReactionView, VersionKind, VersionView};
use serde::Serialize;
use utoipa::ToSchema;

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Message {
    /// Its id.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// Where it was sent.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// Its place there, from 1, without a gap.
    pub seq: u64,
    /// Who sent it.
    #[schema(value_type = uuid::Uuid)]
    pub sender_id: AccountId,
    /// What it says; null once deleted or erased, and where it is encrypted.
    pub text: Option<String>,
    /// In a `strict_e2e` conversation, what it says: encrypted, in base64. Like the four fields below it is there
    /// only in such a conversation, until the message is deleted or erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext: Option<String>,
    /// What it was encrypted with beside the key, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How it was encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The key of the sender's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_key_id: Option<String>,
    /// What each recipient's device needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<String>,
    /// The `seq` of the message that it answers.
    pub reply_to: Option<u64>,
    /// How many messages answer it.
    pub reply_count: u64,
    /// Who is mentioned.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub mentions: Vec<AccountId>,
    /// What is attached.
    #[schema(value_type = Vec<String>)]
    pub media: Vec<String>,
    /// The sender's own reference.
    pub client_ref: Option<String>,
    /// When it was sent.
    #[schema(value_type = String, format = DateTime)]
    pub sent_at: Time,
    /// When it was last edited.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub edited_at: Option<Time>,
    /// When it was deleted: a tombstone stays.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deleted_at: Option<Time>,
    /// How often each emoji was given.
    pub reactions: Vec<ReactionCount>,
    /// Of its event in the log.
    #[schema(value_type = String)]
    pub position: Position,
}

/// How often an emoji was given.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct ReactionCount {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// Whether by the caller, too.
    pub reacted: bool,
}

/// What a message says, as the fields of an answer or a frame; all empty once it is deleted or erased.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "documented at the message")]
pub struct Said {
    pub text: Option<String>,
    pub ciphertext: Option<String>,
    pub nonce: Option<String>,
    pub scheme: Option<String>,
    pub sender_key_id: Option<String>,
    pub recipients: Option<String>,
}

impl Said {
    /// What a body brought.
    pub fn of(content: &MessageContent) -> Self {
        match content {
            MessageContent::Text(text) => Self { text: Some(text.as_str().to_owned()), ..Self::default() },
            MessageContent::Ciphertext(ciphertext) => Self::encrypted(ciphertext),
        }
    }

    /// What words hold.
    pub fn opened(words: MessageWords) -> Self {
        match words.ciphertext {
            Some(ciphertext) => Self::encrypted(&Ciphertext::from_proto(ciphertext)),
            None => Self { text: Some(words.text), ..Self::default() },
        }
    }

    fn encrypted(ciphertext: &Ciphertext) -> Self {
        Self {
            text: None,
            ciphertext: Some(encode(&ciphertext.bytes)),
            nonce: Some(encode(&ciphertext.nonce)),
            scheme: Some(ciphertext.scheme.clone()),
            sender_key_id: Some(ciphertext.sender_key.to_string()),
            recipients: ciphertext.recipients.clone(),
        }
    }
}

impl Message {
    /// Says this from now on.
    pub fn says(&mut self, said: Said) {
        let Said { text, ciphertext, nonce, scheme, sender_key_id, recipients } = said;
        (self.text, self.ciphertext, self.nonce) = (text, ciphertext, nonce);
        (self.scheme, self.sender_key_id, self.recipients) = (scheme, sender_key_id, recipients);
    }
}

impl From<MessageView> for Message {
    fn from(view: MessageView) -> Self {
        let Said { text, ciphertext, nonce, scheme, sender_key_id, recipients } = match view.body {
            Body::Text(text) => Said { text: Some(text), ..Said::default() },
            Body::Ciphertext(ciphertext) => Said::encrypted(&ciphertext),
            Body::Erased | Body::Deleted => Said::default(),
        };
        let reactions = view.reactions.into_iter();
        Self {
            id: view.id,
            conversation_id: view.id.conversation,
            seq: view.id.seq,
            sender_id: view.sender,
            text,
            ciphertext,
            nonce,
            scheme,
            sender_key_id,
            recipients,
            reply_to: view.reply_to,
            reply_count: view.reply_count,
            mentions: view.mentions,
            media: Vec::new(),
            client_ref: view.client_ref,
            sent_at: view.sent_at,
            edited_at: view.edited_at,
            deleted_at: view.deleted_at,
            reactions: reactions
                .map(|of| ReactionCount { emoji: of.emoji, count: of.count, reacted: of.reacted })
                .collect(),
            position: view.position,
        }
    }
}

/// A page of a conversation, ascending by `seq`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Timeline {
    /// The messages.
    pub items: Vec<Message>,
    /// Whether nothing stands before them.
    pub found_oldest: bool,
    /// Whether nothing stands after them.
    pub found_newest: bool,
}

/// A message has another text: the `data` of `message.edited`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Edited {
    /// Which.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// Its place there.
    pub seq: u64,
    /// The new text; null once deleted or erased, and where it is encrypted.
    pub text: Option<String>,
    /// In a `strict_e2e` conversation, what it says: encrypted, in base64. Like the four fields below it is there
    /// only in such a conversation, until the message is deleted or erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ciphertext: Option<String>,
    /// What it was encrypted with beside the key, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// How it was encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// The key of the sender's device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender_key_id: Option<String>,
    /// What each recipient's device needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<String>,
    /// Who is mentioned.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub mentions: Vec<AccountId>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub edited_at: Time,
}

/// A message was deleted: the `data` of `message.deleted`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Deleted {
    /// Which.
    #[schema(value_type = String)]
    pub id: MessageId,
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// Its place there.
    pub seq: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub deleted_at: Time,
}

/// One person's reaction: also the `data` of `reaction.added` and `reaction.removed`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Reaction {
    /// To which message.
    #[schema(value_type = String)]
    pub message_id: MessageId,
    /// Where.
    #[schema(value_type = uuid::Uuid)]
    pub conversation_id: ConversationId,
    /// With what.
    pub emoji: String,
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
}

/// Who gave an emoji.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Reactions {
    /// Which.
    pub emoji: String,
    /// By how many.
    pub count: u64,
    /// By whom.
    #[schema(value_type = Vec<uuid::Uuid>)]
    pub account_ids: Vec<AccountId>,
}

impl From<ReactionView> for Reactions {
    fn from(view: ReactionView) -> Self {
        Self { emoji: view.emoji, count: view.accounts.len() as u64, account_ids: view.accounts }
    }
}

/// A pinned message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Pin {
    /// The message.
    pub message: Message,
    /// Who pinned it.
    #[schema(value_type = uuid::Uuid)]
    pub pinned_by: AccountId,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub pinned_at: Time,
}

impl From<PinView> for Pin {
    fn from(view: PinView) -> Self {
        Self { message: Message::from(view.message), pinned_by: view.pinned_by, pinned_at: view.pinned_at }
    }
}

/// A version of a message.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct MessageVersion {
    /// How it came about: `sent`, `edited` or `deleted`.
    #[schema(value_type = String, example = "edited")]
    pub kind: &'static str,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Time,
    /// Of its event in the log.
    #[schema(value_type = String)]
    pub position: Position,
    /// By whom; only auditors are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub account_id: Option<AccountId>,
    /// What it said from then on, null once erased; only auditors are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub text: Option<Option<String>>,
    /// Why a moderator deleted it; only auditors are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl From<&VersionView> for MessageVersion {
    fn from(view: &VersionView) -> Self {
        let kind = match view.kind {
            VersionKind::Sent => "sent",
            VersionKind::Edited => "edited",
            VersionKind::Deleted => "deleted",
        };
        Self { kind, at: view.at, position: view.position, account_id: None, text: None, reason: None }
    }
}
