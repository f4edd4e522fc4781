//! `EditMessage`: an author gives a message another text.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::conversation::state::Conversation;
use domain::conversation::values::PrivacyMode;
use domain::ids::MessageId;
use domain::message::event::MessageEdited;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::values::MessageText;
use domain::words::{Field, SealedField};

/// Edits a message.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Which.
    pub message: MessageId,
    /// Its text from now on.
    pub text: MessageText,
}

impl EditMessage {
    fn current_words<'a>(&self, states: &'a States) -> Option<&'a Field<MessageWords>> {
        let sent = || target::find(self.message, states).map(|target| &target.sent.words);
        states.message().edited.as_ref().or_else(sent)
    }
}

impl Command for EditMessage {
    fn name(&self) -> &'static str {
        "EditMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::message(self.message)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        target::reads(self.message)
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        self.current_words(states).and_then(Field::sealed).cloned().into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (actor, _, target) = target::visible(self.message, states, context)?;
        if target.sent.sender != actor && !context.is_import() {
            return Err(Refusal::NotPermitted);
        }
        if is_strict(states.conversation()) {
            return Err(Refusal::CiphertextRequired);
        }
        if states.message().deleted {
            return Err(Refusal::MessageDeleted);
        }
        if !target::window_is_open(&target, context) {
            return Err(Refusal::EditWindowClosed);
        }
        let current = self.current_words(states).and_then(|words| context.words_of(words));
        let is_unchanged = current.is_some_and(|words| words.text == self.text.as_str());
        if is_unchanged && !context.is_import() {
            return Ok(vec![]);
        }
        let words = MessageWords { text: self.text.as_str().to_owned(), client_ref: None };
        let edited = MessageEdited { author: target.sent.sender, words: Field::Clear(words) };
        Ok(vec![(states.primary(), edited.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.text.as_str().len()
    }
}

fn is_strict(conversation: &Conversation) -> bool {
    matches!(conversation, Conversation::Open { privacy_mode: PrivacyMode::StrictE2e, .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, CAROL, DAVE, Happened, given, group, message, said, then_happened, words};
    use domain::limits::MESSAGE_EDIT_WINDOW_SECONDS;
    use domain::message::event::MessageDeleted;

    fn edit(text: &str) -> EditMessage {
        EditMessage { message: message(1), text: MessageText::parse(text).unwrap() }
    }

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(CAROL, "one")]).collect()
    }

    fn edited(text: &str) -> Happened {
        then_happened(MessageEdited { author: CAROL, words: words(text) })
    }

    #[test]
    fn an_author_gives_a_message_another_text() {
        given(talk()).by(CAROL).when(edit("two")).then([edited("two")]);
    }

    #[test]
    fn editing_after_fifteen_minutes_is_refused() {
        let in_time = given(talk()).by(CAROL).after_seconds(MESSAGE_EDIT_WINDOW_SECONDS);
        in_time.when(edit("two")).then([edited("two")]);
        let too_late = given(talk()).by(CAROL).after_seconds(MESSAGE_EDIT_WINDOW_SECONDS + 1);
        too_late.when(edit("two")).refused(Refusal::EditWindowClosed);
    }

    #[test]
    fn nobody_edits_what_somebody_else_said() {
        given(talk()).by(ALICE).when(edit("two")).refused(Refusal::NotPermitted);
        given(talk()).by(DAVE).when(edit("two")).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn a_message_that_is_not_there_is_not_found() {
        let no_such = |seq| EditMessage { message: message(seq), ..edit("two") };
        given(talk()).by(CAROL).when(no_such(2)).refused(Refusal::NotFound(Missing::Message));
        given(talk()).by(CAROL).when(no_such(0)).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn the_same_text_is_already_so() {
        given(talk()).by(CAROL).when(edit("one")).then_it_is_already_so();
        let edited_once = || talk().into_iter().chain([edited("two")]);
        given(edited_once()).by(CAROL).when(edit("two")).then_it_is_already_so();
        given(edited_once()).by(CAROL).when(edit("one")).then([edited("one")]);
    }

    #[test]
    fn a_deleted_message_stays_as_it_is() {
        let deleted = talk().into_iter().chain([then_happened(MessageDeleted { deleted_by: CAROL })]);
        given(deleted).by(CAROL).when(edit("two")).refused(Refusal::MessageDeleted);
    }

    #[test]
    fn every_imported_edit_is_an_event() {
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 2 };
        let import = StreamName::import(domain::ids::Hash16([1; 16]));
        given(talk()).by(CAROL).imported(2).when(edit("one")).then([edited("one"), (import, progress.into())]);
    }
}
