//! Messages as frames show them.

use crate::wire::message::{Message, Reaction, Said};
use domain::ids::{AccountId, MessageId};
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::recorded::Recorded;

/// A message as it was sent: nothing happened to it yet.
pub fn message(recorded: &Recorded, event: &MessageSent, id: MessageId, words: Option<MessageWords>) -> Message {
    let mentions = if words.is_some() { event.mentions.clone() } else { Vec::new() };
    let client_ref = words.as_ref().and_then(|words| words.client_ref.clone());
    let Said { text, ciphertext, nonce, scheme, sender_key_id, recipients } =
        words.map(Said::opened).unwrap_or_default();
    Message {
        id,
        conversation_id: id.conversation,
        seq: id.seq,
        sender_id: event.sender,
        text,
        ciphertext,
        nonce,
        scheme,
        sender_key_id,
        recipients,
        reply_to: event.reply_to,
        reply_count: 0,
        mentions,
        media: Vec::new(),
        client_ref,
        sent_at: recorded.occurred_at,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        position: recorded.position,
    }
}

/// A reaction of an account.
pub fn reaction(id: MessageId, account_id: AccountId, emoji: &str) -> Reaction {
    Reaction { message_id: id, conversation_id: id.conversation, emoji: emoji.to_owned(), account_id }
}
