//! What happens to a message.

use crate::ids::AccountId;
use crate::proto::account::v1::ReasonWords;
use crate::proto::message::v1::MessageWords;
use crate::words::Field;
use serde::Serialize;

/// A message was sent. The only event of `timeline-<conversation>`; its sequence number is its revision + 1.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageSent {
    /// By whom.
    pub sender: AccountId,
    /// The message that it answers.
    pub reply_to: Option<u64>,
    /// Text or ciphertext, and client reference; the sender's key and that of the conversation's period.
    pub words: Field<MessageWords>,
    /// Whom it mentions, each once. Goldens of before it have none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<AccountId>,
    /// The period whose key seals the words ([`crate::message::period`]). Goldens of before it have none: such words are
    /// under the conversation's own key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
}

/// Its text is another one from now on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageEdited {
    /// Whose message it is.
    pub author: AccountId,
    /// The new text or ciphertext; the same keys as the message's.
    pub words: Field<MessageWords>,
    /// Whom it mentions from now on, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<AccountId>,
    /// The message's, so that its words go with the message's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<u32>,
}

/// Its text is shown no more; a tombstone stays.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MessageDeleted {
    /// By whom.
    pub deleted_by: AccountId,
    /// Why, where only the role of a moderator allowed it; the deployment's key. Goldens of before it have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Field<ReasonWords>>,
}

/// Somebody reacted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReactionAdded {
    /// Who.
    pub account: AccountId,
    /// With what.
    pub emoji: String,
}

/// Somebody took a reaction back.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReactionRemoved {
    /// Who.
    pub account: AccountId,
    /// What.
    pub emoji: String,
}
