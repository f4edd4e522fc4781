//! Whether what a message says fits its conversation: a text or ciphertext, and whom it mentions.

use crate::command::Read;
use crate::context::{Names, States};
use crate::refusal::{InvalidField, Refusal};
use domain::conversation::state::Conversation;
use domain::conversation::values::PrivacyMode;
use domain::ids::AccountId;
use domain::message::values::MessageContent;
use domain::stream::StreamName;
use std::collections::BTreeSet;

/// In a strictly encrypted conversation: the sender's devices, whose keys may change.
pub(crate) fn reads(names: &Names<'_>, conversation: &Conversation) -> Option<Read> {
    match conversation {
        Conversation::Open { privacy_mode: PrivacyMode::StrictE2e, .. } => {
            Some(Read::Check(StreamName::account(names.actor_or_nil())))
        }
        Conversation::Open { privacy_mode: PrivacyMode::Searchable, .. }
        | Conversation::Closed { .. }
        | Conversation::Unknown => None,
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

/// Who is mentioned, each once.
///
/// # Errors
/// Names everybody who is no member.
pub(crate) fn mentions(mentions: &[AccountId], conversation: &Conversation) -> Result<Vec<AccountId>, Refusal> {
    let mut seen = BTreeSet::new();
    let distinct = mentions.iter().copied().filter(|account| seen.insert(*account)).collect();
    let strangers = mentions.iter().enumerate().filter(|(_, account)| conversation.member(**account).is_none());
    let strangers: Vec<_> = strangers
        .map(|(index, _)| InvalidField {
            pointer: format!("/mentions/{index}"),
            code: "NOT_A_MEMBER",
            detail: "is not a member of the conversation",
        })
        .collect();
    if strangers.is_empty() { Ok(distinct) } else { Err(Refusal::Invalid(strangers)) }
}
