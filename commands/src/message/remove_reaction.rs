//! `RemoveReaction`: somebody takes a reaction back.

use super::target;
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use domain::ids::MessageId;
use domain::message::event::ReactionRemoved;
use domain::stream::StreamName;
use domain::values::Emoji;

/// Takes the actor's reaction back.
#[derive(Clone, Debug)]
pub struct RemoveReaction {
    /// From which message.
    pub message: MessageId,
    /// Which one.
    pub emoji: Emoji,
}

impl Command for RemoveReaction {
    fn name(&self) -> &'static str {
        "RemoveReaction"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::message(self.message)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        target::reads(self.message)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (account, _, _) = target::visible(self.message, states, context)?;
        let emoji = self.emoji.as_str().to_owned();
        if !states.message().reactions.contains(&(emoji.clone(), account)) {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), ReactionRemoved { account, emoji }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::{Missing, Refusal};
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, Happened, given, group, message, said, then_happened};
    use domain::message::event::ReactionAdded;

    fn take_back(emoji: &str) -> RemoveReaction {
        RemoveReaction { message: message(1), emoji: Emoji::parse(emoji).unwrap() }
    }

    fn reacted() -> Vec<Happened> {
        let reaction = then_happened(ReactionAdded { account: BOB, emoji: "👍".into() });
        group().into_iter().chain([said(ALICE, "one"), reaction]).collect()
    }

    #[test]
    fn one_takes_back_ones_own_reaction() {
        let removed = then_happened(ReactionRemoved { account: BOB, emoji: "👍".into() });
        given(reacted()).by(BOB).when(take_back("👍")).then([removed]);
    }

    #[test]
    fn a_reaction_that_is_not_there_is_gone_already() {
        given(reacted()).by(CAROL).when(take_back("👍")).then_it_is_already_so();
        given(reacted()).by(BOB).when(take_back("🎉")).then_it_is_already_so();
    }

    #[test]
    fn strangers_do_not_learn_that_the_message_exists() {
        given(reacted()).by(DAVE).when(take_back("👍")).refused(Refusal::NotFound(Missing::Message));
    }
}
