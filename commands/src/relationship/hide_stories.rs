//! `HideStories`, `ShowStories`: one's own stories are not for somebody, whatever ties the two, or are again.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use crate::relationship::tie;
use domain::ids::AccountId;
use domain::limits::STORY_HIDES_PER_ACCOUNT_MAX;
use domain::relationship::event::{StoriesHidden, StoriesShown};
use domain::stream::StreamName;

/// Hides the actor's stories from an account.
#[derive(Clone, Debug)]
pub struct HideStories {
    /// From whom.
    pub account: AccountId,
}

/// Shows them to it again.
#[derive(Clone, Debug)]
pub struct ShowStories {
    /// From whom.
    pub account: AccountId,
}

impl Command for HideStories {
    fn name(&self) -> &'static str {
        "HideStories"
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
        let list = &states.relationship(actor).story_hides;
        if list.contains(&self.account) {
            return Ok(vec![]);
        }
        if list.len() >= STORY_HIDES_PER_ACCOUNT_MAX {
            return Err(Refusal::StoryListFull);
        }
        Ok(vec![(states.primary(), StoriesHidden { account: self.account }.into())])
    }
}

impl Command for ShowStories {
    fn name(&self) -> &'static str {
        "ShowStories"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let stands = states.relationship(context.actor()?).story_hides.contains(&self.account);
        tie::end(states, self.account, stands, StoriesShown { account: self.account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, BOB, Happened, given, person, registered};

    const ON: HideStories = HideStories { account: BOB };
    const OFF: ShowStories = ShowStories { account: BOB };

    fn on(account: AccountId) -> Happened {
        (StreamName::relationship(ALICE), StoriesHidden { account }.into())
    }

    fn off() -> Happened {
        (StreamName::relationship(ALICE), StoriesShown { account: BOB }.into())
    }

    #[test]
    fn stories_are_hidden_and_not_any_more_each_once() {
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
        let full = || (0..STORY_HIDES_PER_ACCOUNT_MAX).map(|n| on(person(0x1_0000 + n as u128)));
        given(full().chain([registered(BOB)])).by(ALICE).when(ON).refused(Refusal::StoryListFull);
        given(full().skip(1).chain([registered(BOB)])).by(ALICE).when(ON).then([on(BOB)]);
    }
}
