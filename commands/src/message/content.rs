//! Whether what a message says fits its conversation: a text or ciphertext.

use super::mentions;
use crate::command::Read;
use crate::context::{Names, States};
use crate::refusal::Refusal;
use domain::conversation::state::Conversation;
use domain::conversation::values::PrivacyMode;
use domain::ids::AccountId;
use domain::message::values::MessageContent;
use domain::stream::StreamName;

/// What else a decision about this content rests on. In a strictly encrypted conversation: the sender's devices, whose
/// keys may change. In others: who has the names that stand in the text, which never changes once somebody has them.
pub(crate) fn reads(names: &Names<'_>, conversation: &Conversation, content: &MessageContent) -> Vec<Read> {
    match (conversation, content) {
        (Conversation::Open { privacy_mode: PrivacyMode::StrictE2e, .. }, _) => {
            vec![Read::Check(StreamName::account(names.actor_or_nil()))]
        }
        (Conversation::Open { privacy_mode: PrivacyMode::Searchable, .. }, MessageContent::Text(text)) => {
            mentions::reads(names, text)
        }
        (Conversation::Open { privacy_mode: PrivacyMode::Searchable, .. }, MessageContent::Ciphertext(_))
        | (Conversation::Closed { .. } | Conversation::Unknown, _) => vec![],
    }
}

/// Whether the content is what the conversation takes, encrypted by a device of its sender.
///
/// # Errors
/// [`Refusal::CiphertextRequired`], [`Refusal::TextRequired`], or that the key is none of the sender's.
pub(crate) fn check(
    content: &MessageContent,
    mode: PrivacyMode,
    states: &States,
    sender: AccountId,
) -> Result<(), Refusal> {
    match (mode, content) {
        (PrivacyMode::Searchable, MessageContent::Text(_)) => Ok(()),
        (PrivacyMode::Searchable, MessageContent::Ciphertext(_)) => Err(Refusal::TextRequired),
        (PrivacyMode::StrictE2e, MessageContent::Text(_)) => Err(Refusal::CiphertextRequired),
        (PrivacyMode::StrictE2e, MessageContent::Ciphertext(ciphertext)) => {
            let mut keys = states.account(sender).device_keys().values();
            if keys.any(|published| published.key == ciphertext.sender_key) {
                return Ok(());
            }
            let detail = "is not the key of one of the sender's devices";
            Err(Refusal::invalid("/sender_key_id", "UNKNOWN_KEY", detail))
        }
    }
}
