//! `AddReaction`: somebody reacts to a message.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{may_message, message_reads};
use crate::refusal::Refusal;
use domain::ids::MessageId;
use domain::limits::EMOJI_PER_MESSAGE_MAX;
use domain::message::event::ReactionAdded;
use domain::message::state::Message;
use domain::stream::StreamName;
use domain::values::Emoji;

/// Reacts to a message.
#[derive(Clone, Debug)]
pub struct AddReaction {
    /// To which.
    pub message: MessageId,
    /// With what.
    pub emoji: Emoji,
}

impl Command for AddReaction {
    fn name(&self) -> &'static str {
        "AddReaction"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::message(self.message)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        target::reads(self.message)
    }

    fn then_reads(&self, _names: &Names<'_>, states: &States) -> Vec<Read> {
        message_reads(states.conversation())
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (account, _, _) = target::visible(self.message, states, context)?;
        may_message(account, states, context)?;
        let message = states.message();
        if message.deleted && !context.is_import() {
            return Err(Refusal::MessageDeleted);
        }
        let emoji = self.emoji.as_str().to_owned();
        let reaction = (emoji, account);
        if message.reactions.contains(&reaction) {
            return Ok(vec![]);
        }
        if !context.is_import() && is_full(message, &reaction.0) {
            return Err(Refusal::EmojiLimitReached);
        }
        Ok(vec![(states.primary(), ReactionAdded { account, emoji: reaction.0 }.into())])
    }
}

/// Whether another emoji would be one too many. Reactions are sorted by emoji.
fn is_full(message: &Message, emoji: &str) -> bool {
    let mut different = 0;
    let mut last = None;
    for (each, _) in &message.reactions {
        if each == emoji {
            return false;
        }
        if last != Some(each) {
            different += 1;
            last = Some(each);
        }
    }
    different >= EMOJI_PER_MESSAGE_MAX
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, blocked, direct, given, group, message, person, said, then_happened,
    };
    use domain::conversation::values::PrivacyMode;
    use domain::ids::AccountId;
    use domain::message::event::MessageDeleted;

    fn react(emoji: &str) -> AddReaction {
        AddReaction { message: message(1), emoji: Emoji::parse(emoji).unwrap() }
    }

    fn reacted(account: AccountId, emoji: &str) -> Happened {
        then_happened(ReactionAdded { account, emoji: emoji.to_owned() })
    }

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(ALICE, "one")]).collect()
    }

    #[test]
    fn members_react_each_once_with_an_emoji() {
        given(talk()).by(BOB).when(react("👍")).then([reacted(BOB, "👍")]);
        let once = || talk().into_iter().chain([reacted(BOB, "👍")]);
        given(once()).by(BOB).when(react("👍")).then_it_is_already_so();
        given(once()).by(CAROL).when(react("👍")).then([reacted(CAROL, "👍")]);
        given(once()).by(BOB).when(react("🎉")).then([reacted(BOB, "🎉")]);
    }

    #[test]
    fn between_two_who_are_apart_nobody_reacts() {
        let apart = direct(PrivacyMode::Searchable).into_iter().chain([said(ALICE, "one"), blocked(ALICE, BOB)]);
        given(apart).by(BOB).when(react("👍")).refused(Refusal::MessagingNotAllowed);
        let in_a_group = talk().into_iter().chain([blocked(ALICE, BOB)]);
        given(in_a_group).by(BOB).when(react("👍")).then([reacted(BOB, "👍")]);
    }

    #[test]
    fn strangers_do_not_learn_that_the_message_exists() {
        given(talk()).by(DAVE).when(react("👍")).refused(Refusal::NotFound(Missing::Message));
    }

    #[test]
    fn nobody_reacts_to_a_deleted_message() {
        let gone = talk().into_iter().chain([then_happened(MessageDeleted { deleted_by: ALICE, reason: None })]);
        given(gone).by(BOB).when(react("👍")).refused(Refusal::MessageDeleted);
    }

    #[test]
    fn a_message_has_a_hundred_different_emoji_at_most() {
        let many = || {
            let others = (0..EMOJI_PER_MESSAGE_MAX).map(|n| reacted(person(n as u128), &format!(":e{n}:")));
            talk().into_iter().chain(others)
        };
        given(many()).by(BOB).when(react(":one_more:")).refused(Refusal::EmojiLimitReached);
        given(many()).by(BOB).when(react(":e7:")).then([reacted(BOB, ":e7:")]);
    }
}
