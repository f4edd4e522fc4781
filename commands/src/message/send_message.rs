//! `SendMessage`: somebody says something.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, PrivacyMode};
use domain::ids::ConversationId;
use domain::message::event::MessageSent;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::values::{ClientRef, MessageText};
use domain::words::Field;

/// Sends a message.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub text: MessageText,
    /// The message that it answers, by its sequence number.
    pub reply_to: Option<u64>,
    /// The client's own reference.
    pub client_ref: Option<ClientRef>,
}

impl Command for SendMessage {
    fn name(&self) -> &'static str {
        "SendMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::timeline(self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::conversation(self.conversation))]
    }

    fn then_reads(&self, _names: &Names<'_>, states: &States) -> Vec<Read> {
        match states.conversation() {
            Conversation::Open { kind: ConversationKind::Direct, members, .. } => {
                members.keys().map(|account| Read::Check(StreamName::relationship(*account))).collect()
            }
            Conversation::Open { kind: ConversationKind::Group, .. } | Conversation::Unknown => vec![],
        }
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let sender = context.actor()?;
        let Conversation::Open { privacy_mode, members, .. } = states.conversation() else {
            return Err(Refusal::NotFound(Missing::Conversation));
        };
        if !context.is_import() && !members.contains_key(&sender) {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        if *privacy_mode == PrivacyMode::StrictE2e {
            return Err(Refusal::CiphertextRequired);
        }
        // The timeline has no gap, so every number up to the last one is a message.
        if self.reply_to.is_some_and(|seq| seq == 0 || seq > states.timeline().last_seq) {
            return Err(Refusal::invalid("/reply_to", "NO_SUCH_MESSAGE", "is not a message of this conversation"));
        }
        let words = MessageWords {
            text: self.text.as_str().to_owned(),
            client_ref: self.client_ref.as_ref().map(|reference| reference.as_str().to_owned()),
        };
        let sent = MessageSent { sender, reply_to: self.reply_to, words: Field::Clear(words) };
        Ok(vec![(states.primary(), sent.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.text.as_str().len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, ROOM, direct, given, group, said, words};

    fn send(reply_to: Option<u64>) -> SendMessage {
        let text = MessageText::parse("hi").unwrap();
        SendMessage { conversation: ROOM, text, reply_to, client_ref: None }
    }

    #[test]
    fn a_member_says_something() {
        given(group()).by(CAROL).when(send(None)).then([said(CAROL, "hi")]);
    }

    #[test]
    fn the_clients_reference_comes_back_with_the_words() {
        let client_ref = Some(ClientRef::parse("c-1").unwrap());
        let words = Field::Clear(MessageWords { text: "hi".into(), client_ref: Some("c-1".into()) });
        let sent = MessageSent { sender: CAROL, reply_to: None, words };
        let send = SendMessage { client_ref, ..send(None) };
        given(group()).by(CAROL).when(send).then([(StreamName::timeline(ROOM), sent.into())]);
    }

    #[test]
    fn strangers_do_not_learn_that_the_conversation_exists() {
        given(group()).by(DAVE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
        given([]).by(ALICE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn a_reply_answers_a_message_that_exists() {
        let talk = || group().into_iter().chain([said(ALICE, "one")]);
        let sent = MessageSent { sender: BOB, reply_to: Some(1), words: words("hi") };
        given(talk()).by(BOB).when(send(Some(1))).then([(StreamName::timeline(ROOM), sent.into())]);
        given(talk()).by(BOB).when(send(Some(2))).invalid(&[("/reply_to", "NO_SUCH_MESSAGE")]);
        given(talk()).by(BOB).when(send(Some(0))).invalid(&[("/reply_to", "NO_SUCH_MESSAGE")]);
    }

    #[test]
    fn sending_in_a_direct_conversation_rests_on_what_the_two_are_to_each_other() {
        let outcome = given(direct(PrivacyMode::Searchable)).by(ALICE).when(send(None));
        outcome.rests_on(&StreamName::relationship(ALICE));
        outcome.rests_on(&StreamName::relationship(BOB));
        outcome.then([said(ALICE, "hi")]);
    }

    #[test]
    fn a_strictly_encrypted_conversation_takes_no_clear_text() {
        given(direct(PrivacyMode::StrictE2e)).by(ALICE).when(send(None)).refused(Refusal::CiphertextRequired);
    }

    #[test]
    fn in_an_import_people_outside_may_have_written() {
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 2 };
        let import = StreamName::import(domain::ids::Hash16([1; 16]));
        given(group()).by(DAVE).imported(2).when(send(None)).then([said(DAVE, "hi"), (import, progress.into())]);
    }
}
