//! `FollowAccount`, `UnfollowAccount`: somebody follows another account, or no longer does.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use crate::relationship::tie;
use domain::ids::AccountId;
use domain::limits::FOLLOWS_PER_ACCOUNT_MAX;
use domain::relationship::event::{AccountFollowed, AccountUnfollowed};
use domain::relationship::state::are_apart;
use domain::stream::StreamName;

/// Follows an account.
#[derive(Clone, Debug)]
pub struct FollowAccount {
    /// Which.
    pub account: AccountId,
}

/// Follows an account no longer.
#[derive(Clone, Debug)]
pub struct UnfollowAccount {
    /// Which.
    pub account: AccountId,
}

impl Command for FollowAccount {
    fn name(&self) -> &'static str {
        "FollowAccount"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        // A block by the other may come at the same moment.
        vec![Read::Fact(StreamName::account(self.account)), Read::Check(StreamName::relationship(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        tie::is_to_another(states, actor, self.account, "/id")?;
        let own = states.relationship(actor);
        // As if nobody were there, whoever blocks.
        if are_apart((actor, own), (self.account, states.relationship(self.account))) {
            return Err(Refusal::NotFound(Missing::Account));
        }
        let follows = &own.follows;
        if follows.contains(&self.account) {
            return Ok(vec![]);
        }
        if follows.len() >= FOLLOWS_PER_ACCOUNT_MAX {
            return Err(Refusal::FollowLimitReached);
        }
        Ok(vec![(states.primary(), AccountFollowed { account: self.account }.into())])
    }
}

impl Command for UnfollowAccount {
    fn name(&self) -> &'static str {
        "UnfollowAccount"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let stands = states.relationship(context.actor()?).follows.contains(&self.account);
        tie::end(states, self.account, stands, AccountUnfollowed { account: self.account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, blocked, given, person, registered, unblocked};

    const FOLLOW: FollowAccount = FollowAccount { account: BOB };
    const UNFOLLOW: UnfollowAccount = UnfollowAccount { account: BOB };

    fn followed(account: AccountId) -> Happened {
        (StreamName::relationship(ALICE), AccountFollowed { account }.into())
    }

    fn unfollowed() -> Happened {
        (StreamName::relationship(ALICE), AccountUnfollowed { account: BOB }.into())
    }

    #[test]
    fn somebody_follows_and_follows_no_longer_each_once() {
        given([registered(BOB)]).by(ALICE).when(FOLLOW).then([followed(BOB)]);
        given([registered(BOB), followed(BOB)]).by(ALICE).when(FOLLOW).then_it_is_already_so();
        given([registered(BOB), followed(BOB)]).by(ALICE).when(UNFOLLOW).then([unfollowed()]);
        given([registered(BOB), followed(BOB), unfollowed()]).by(ALICE).when(UNFOLLOW).then_it_is_already_so();
        given([registered(BOB), followed(BOB), unfollowed()]).by(ALICE).when(FOLLOW).then([followed(BOB)]);
    }

    #[test]
    fn nobody_follows_whom_they_are_apart_from_whoever_blocks() {
        for (owner, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let apart = || [registered(BOB), blocked(owner, other)];
            let outcome = given(apart()).by(ALICE).when(FOLLOW);
            outcome.rests_on(&StreamName::relationship(BOB));
            outcome.refused(Refusal::NotFound(Missing::Account));
            given(apart()).by(ALICE).when(UNFOLLOW).then_it_is_already_so();
            let again = apart().into_iter().chain([unblocked(owner, other)]);
            given(again).by(ALICE).when(FOLLOW).then([followed(BOB)]);
        }
    }

    #[test]
    fn nobody_follows_themself_or_an_account_that_does_not_exist() {
        given([registered(BOB)]).by(BOB).when(FOLLOW).invalid(&[("/id", "ONESELF")]);
        given([]).by(ALICE).when(FOLLOW).refused(Refusal::NotFound(Missing::Account));
        given([]).by(ALICE).when(UNFOLLOW).refused(Refusal::NotFound(Missing::Account));
    }

    #[test]
    fn one_account_follows_five_thousand_at_most() {
        let full = || (0..FOLLOWS_PER_ACCOUNT_MAX).map(|n| followed(person(0x1_0000 + n as u128)));
        given(full().chain([registered(BOB)])).by(ALICE).when(FOLLOW).refused(Refusal::FollowLimitReached);
        given(full().skip(1).chain([registered(BOB)])).by(ALICE).when(FOLLOW).then([followed(BOB)]);
    }
}
