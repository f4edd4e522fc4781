//! `MuteStories`, `UnmuteStories`: somebody's stories stay out of one's story feed, or come back.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use crate::relationship::tie;
use domain::ids::AccountId;
use domain::limits::STORY_MUTES_PER_ACCOUNT_MAX;
use domain::relationship::event::{StoriesMuted, StoriesUnmuted};
use domain::stream::StreamName;

/// Leaves an account's stories out of the actor's story feed.
#[derive(Clone, Debug)]
pub struct MuteStories {
    /// Whose.
    pub account: AccountId,
}

/// Wants them there again.
#[derive(Clone, Debug)]
pub struct UnmuteStories {
    /// Whose.
    pub account: AccountId,
}

impl Command for MuteStories {
    fn name(&self) -> &'static str {
        "MuteStories"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        tie::is_to_another(states, actor, self.account, "/id")?;
        let list = &states.relationship(actor).story_mutes;
        if list.contains(&self.account) {
            return Ok(vec![]);
        }
        if list.len() >= STORY_MUTES_PER_ACCOUNT_MAX {
            return Err(Refusal::StoryListFull);
        }
        Ok(vec![(states.primary(), StoriesMuted { account: self.account }.into())])
    }
}

impl Command for UnmuteStories {
    fn name(&self) -> &'static str {
        "UnmuteStories"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let stands = states.relationship(context.actor()?).story_mutes.contains(&self.account);
        tie::end(states, self.account, stands, StoriesUnmuted { account: self.account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, BOB, Happened, given, person, registered};

    const ON: MuteStories = MuteStories { account: BOB };
    const OFF: UnmuteStories = UnmuteStories { account: BOB };

    fn on(account: AccountId) -> Happened {
        (StreamName::relationship(ALICE), StoriesMuted { account }.into())
    }

    fn off() -> Happened {
        (StreamName::relationship(ALICE), StoriesUnmuted { account: BOB }.into())
    }

    #[test]
    fn stories_are_muted_and_not_any_more_each_once() {
        given([registered(BOB)]).by(ALICE).when(ON).then([on(BOB)]);
        given([registered(BOB), on(BOB)]).by(ALICE).when(ON).then_it_is_already_so();
        given([registered(BOB), on(BOB)]).by(ALICE).when(OFF).then([off()]);
        given([registered(BOB), on(BOB), off()]).by(ALICE).when(OFF).then_it_is_already_so();
    }

    #[test]
    fn it_is_somebody_else_who_exists() {
        given([registered(BOB)]).by(BOB).when(ON).invalid(&[("/id", "ONESELF")]);
        given([]).by(ALICE).when(ON).refused(Refusal::NotFound(Missing::Account));
        given([]).by(ALICE).when(OFF).refused(Refusal::NotFound(Missing::Account));
    }

    #[test]
    fn the_list_holds_a_thousand() {
        let full = || (0..STORY_MUTES_PER_ACCOUNT_MAX).map(|n| on(person(0x1_0000 + n as u128)));
        given(full().chain([registered(BOB)])).by(ALICE).when(ON).refused(Refusal::StoryListFull);
        given(full().skip(1).chain([registered(BOB)])).by(ALICE).when(ON).then([on(BOB)]);
    }
}
