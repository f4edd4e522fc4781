//! Further samples, of what those of [`super::samples`] do not show.

use super::samples::{MARK, Sample, alice, bob, device_key, message_words, reason, sample};
use domain::conversation::event::RetentionChanged;
use domain::event::Event;
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent};
use domain::proto::message::v1::{Ciphertext, MessageWords};
use domain::story::event::StoryDeleted;
use domain::words::Field;

/// Further shapes of types that a sample alone does not show, each with a name of its own.
pub fn further_samples() -> Vec<(&'static str, Sample)> {
    let words = |text: &str| {
        let ciphertext = Ciphertext {
            ciphertext: format!("{text} {MARK} bytes").into(),
            nonce: vec![0x4e; 24].into(),
            scheme: format!("{MARK}-v1"),
            sender_key: device_key().uuid().as_bytes().to_vec().into(),
            recipients: Some(format!("{{\"{MARK}\":1}}")),
        };
        let client_ref = Some(format!("{MARK} reference"));
        Field::Clear(MessageWords { text: String::new(), client_ref, ciphertext: Some(ciphertext) })
    };
    let sent = MessageSent {
        sender: alice(),
        reply_to: None,
        words: words("first"),
        mentions: vec![bob(), alice()],
        period: None,
    };
    let edited = MessageEdited { author: alice(), words: words("second"), mentions: vec![bob()], period: None };
    let like = |event: Event| Sample { event: event.clone(), ..sample(event.event_type()) };
    let deleted = MessageDeleted { deleted_by: bob(), reason: Some(reason()) };
    let in_period = MessageSent {
        sender: alice(),
        reply_to: Some(6),
        words: message_words("Hello"),
        mentions: vec![],
        period: Some(20_454),
    };
    let edited_in_period =
        MessageEdited { author: alice(), words: message_words("Hello again"), mentions: vec![], period: Some(20_454) };
    let for_ever = RetentionChanged { days: None, changed_by: bob(), reason: None };
    let story_deleted = StoryDeleted { deleted_by: bob(), reason: Some(reason()) };
    vec![
        ("strict_e2e", like(sent.into())),
        ("strict_e2e", like(edited.into())),
        ("moderated", like(deleted.into())),
        ("moderated", like(story_deleted.into())),
        ("period", like(in_period.into())),
        ("period", like(edited_in_period.into())),
        ("for_ever", like(for_ever.into())),
    ]
}
