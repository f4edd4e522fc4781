//! `EditMessage`: an author gives a message another text.

use super::{content, mentions, target};
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{may_message, message_reads};
use crate::refusal::Refusal;
use domain::conversation::state::Conversation;
use domain::ids::{AccountId, MessageId};
use domain::message::event::MessageEdited;
use domain::message::values::MessageContent;
use domain::proto::message::v1::MessageWords;
use domain::stream::StreamName;
use domain::words::{Field, SealedField};

/// Edits a message.
#[derive(Clone, Debug)]
pub struct EditMessage {
    /// Which.
    pub message: MessageId,
    /// What it says from now on.
    pub content: MessageContent,
    /// Whom ciphertext mentions from now on; whom a text does, its words say.
    pub mentions: Vec<AccountId>,
    /// Members in which `@all` mentions everybody, at most.
    pub all_max_members: usize,
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

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        let conversation = states.conversation();
        let mut reads = message_reads(conversation);
        reads.extend(content::reads(names, conversation, &self.content));
        reads
    }

    fn last_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        mentions::tie_reads(&self.content, &self.mentions, names, states, self.all_max_members)
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        self.current_words(states).and_then(Field::sealed).cloned().into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (actor, _, target) = target::visible(self.message, states, context)?;
        if target.sent.sender != actor && !context.is_import() {
            return Err(Refusal::NotPermitted);
        }
        may_message(actor, states, context)?;
        if let Conversation::Open { privacy_mode, .. } = states.conversation() {
            content::check(&self.content, *privacy_mode, states, actor)?;
        }
        let mentions = mentions::of(&self.content, &self.mentions, states, context, self.all_max_members)?;
        if states.message().deleted {
            return Err(Refusal::MessageDeleted);
        }
        if !target::window_is_open(&target, context) {
            return Err(Refusal::EditWindowClosed);
        }
        let current = self.current_words(states).and_then(|words| context.words_of(words));
        let words = self.content.to_words(None);
        let is_unchanged = current.is_some_and(|current| MessageWords { client_ref: None, ..current } == words);
        if is_unchanged && !context.is_import() {
            return Ok(vec![]);
        }
        let (author, period) = (target.sent.sender, target.sent.period);
        let edited = MessageEdited { author, words: Field::Clear(words), mentions, period };
        Ok(vec![(states.primary(), edited.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.content.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, ROOM, blocked, direct, encrypted, given, group, message, named, published,
        purged, registered, said, then_happened, this_period, words,
    };
    use domain::conversation::values::PrivacyMode;
    use domain::limits::MESSAGE_EDIT_WINDOW_SECONDS;
    use domain::message::event::{MessageDeleted, MessageSent};
    use domain::values::MessageText;

    fn edit(text: &str) -> EditMessage {
        EditMessage {
            message: message(1),
            content: MessageText::parse(text).unwrap().into(),
            mentions: vec![],
            all_max_members: 3,
        }
    }

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(CAROL, "one")]).collect()
    }

    fn edited(text: &str) -> Happened {
        then_happened(MessageEdited { author: CAROL, words: words(text), mentions: vec![], period: this_period() })
    }

    #[test]
    fn an_author_gives_a_message_another_text() {
        given(talk()).by(CAROL).when(edit("two")).then([edited("two")]);
    }

    #[test]
    fn between_two_who_are_apart_no_text_is_changed() {
        let talk = direct(PrivacyMode::Searchable).into_iter().chain([said(ALICE, "one"), blocked(BOB, ALICE)]);
        given(talk).by(ALICE).when(edit("two")).refused(Refusal::MessagingNotAllowed);
        given(talk_of_apart()).by(CAROL).when(edit("two")).then([edited("two")]);
    }

    fn talk_of_apart() -> impl Iterator<Item = Happened> {
        talk().into_iter().chain([blocked(ALICE, CAROL)])
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
    fn a_message_that_was_purged_is_not_found() {
        let gone = talk().into_iter().chain([purged(1)]);
        given(gone).by(CAROL).when(edit("two")).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn the_words_of_an_edit_are_in_the_period_of_the_message() {
        let sent =
            |period| MessageSent { sender: CAROL, reply_to: None, words: words("one"), mentions: vec![], period };
        let later = MessageSent { period: Some(20_000), ..sent(None) };
        for period in [None, Some(19_000)] {
            let both = [sent(period), later.clone()].map(|sent| (StreamName::timeline(ROOM), sent.into()));
            let edited = MessageEdited { author: CAROL, words: words("two"), mentions: vec![], period };
            given(group().into_iter().chain(both)).by(CAROL).when(edit("two")).then([then_happened(edited)]);
        }
    }

    #[test]
    fn the_same_text_is_already_so() {
        given(talk()).by(CAROL).when(edit("one")).then_it_is_already_so();
        let edited_once = || talk().into_iter().chain([edited("two")]);
        given(edited_once()).by(CAROL).when(edit("two")).then_it_is_already_so();
        given(edited_once()).by(CAROL).when(edit("one")).then([edited("one")]);
    }

    #[test]
    fn an_edit_mentions_whom_its_own_text_names() {
        let talk = || talk().into_iter().chain([named(ALICE, "alice"), named(DAVE, "dave")]);
        let edited =
            MessageEdited { author: CAROL, words: words("@Alice @dave"), mentions: vec![ALICE], period: this_period() };
        given(talk()).by(CAROL).when(edit("@Alice @dave")).then([then_happened(edited)]);
    }

    #[test]
    fn a_deleted_message_stays_as_it_is() {
        let deleted = talk().into_iter().chain([then_happened(MessageDeleted { deleted_by: CAROL, reason: None })]);
        given(deleted).by(CAROL).when(edit("two")).refused(Refusal::MessageDeleted);
    }

    #[test]
    fn ciphertext_takes_the_place_of_ciphertext() {
        let words = |key| Field::Clear(MessageContent::Ciphertext(encrypted(key)).to_words(None));
        let sent =
            MessageSent { sender: ALICE, reply_to: None, words: words(1), mentions: vec![], period: this_period() };
        let keys = [registered(ALICE), published(ALICE, 1), published(ALICE, 2)];
        let talk = || {
            let sent = (StreamName::timeline(ROOM), sent.clone().into());
            direct(PrivacyMode::StrictE2e).into_iter().chain(keys.clone()).chain([sent])
        };
        let edit_with =
            |key| EditMessage { content: MessageContent::Ciphertext(encrypted(key)), ..edit("not looked at") };
        let edited = MessageEdited { author: ALICE, words: words(2), mentions: vec![], period: this_period() };
        given(talk()).by(ALICE).when(edit_with(2)).then([then_happened(edited)]);
        given(talk()).by(ALICE).when(edit_with(1)).then_it_is_already_so();
        given(talk()).by(ALICE).when(edit_with(3)).invalid(&[("/sender_key_id", "UNKNOWN_KEY")]);
        given(talk()).by(ALICE).when(edit("clear")).refused(Refusal::CiphertextRequired);
    }

    #[test]
    fn every_imported_edit_is_an_event() {
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 2 };
        let import = StreamName::import(domain::ids::Hash16([1; 16]));
        given(talk()).by(CAROL).imported(2).when(edit("one")).then([edited("one"), (import, progress.into())]);
    }
}
