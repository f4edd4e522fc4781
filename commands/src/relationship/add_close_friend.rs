//! `AddCloseFriend`, `RemoveCloseFriend`: somebody keeps their list of close friends. Who stands on it is not told.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use crate::relationship::tie;
use domain::ids::AccountId;
use domain::limits::CLOSE_FRIENDS_PER_ACCOUNT_MAX;
use domain::relationship::event::{CloseFriendAdded, CloseFriendRemoved};
use domain::relationship::state::are_apart;
use domain::stream::StreamName;

/// Puts somebody on a list of close friends.
#[derive(Clone, Debug)]
pub struct AddCloseFriend {
    /// Whose list.
    pub owner: AccountId,
    /// Whom.
    pub friend: AccountId,
}

/// Takes somebody off a list of close friends.
#[derive(Clone, Debug)]
pub struct RemoveCloseFriend {
    /// Whose list.
    pub owner: AccountId,
    /// Whom.
    pub friend: AccountId,
}

impl Command for AddCloseFriend {
    fn name(&self) -> &'static str {
        "AddCloseFriend"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::relationship(self.owner)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        // A block by the other may come at the same moment.
        vec![Read::Fact(StreamName::account(self.friend)), Read::Check(StreamName::relationship(self.friend))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        own(self.owner, context)?;
        tie::is_to_another(states, self.owner, self.friend, "/friend_id")?;
        let own = states.relationship(self.owner);
        // As if nobody were there, whoever blocks.
        if are_apart((self.owner, own), (self.friend, states.relationship(self.friend))) {
            return Err(Refusal::NotFound(Missing::Account));
        }
        let friends = &own.close_friends;
        if friends.contains(&self.friend) {
            return Ok(vec![]);
        }
        if friends.len() >= CLOSE_FRIENDS_PER_ACCOUNT_MAX {
            return Err(Refusal::CloseFriendsFull);
        }
        Ok(vec![(states.primary(), CloseFriendAdded { account: self.friend }.into())])
    }
}

impl Command for RemoveCloseFriend {
    fn name(&self) -> &'static str {
        "RemoveCloseFriend"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::relationship(self.owner)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.friend))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        own(self.owner, context)?;
        let stands = states.relationship(self.owner).close_friends.contains(&self.friend);
        tie::end(states, self.friend, stands, CloseFriendRemoved { account: self.friend })
    }
}

/// A list is its owner's alone.
fn own(owner: AccountId, context: &Context<'_>) -> Result<(), Refusal> {
    if context.actor()? == owner { Ok(()) } else { Err(Refusal::NotPermitted) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, Happened, blocked, given, person, registered};

    const ADD: AddCloseFriend = AddCloseFriend { owner: ALICE, friend: BOB };
    const REMOVE: RemoveCloseFriend = RemoveCloseFriend { owner: ALICE, friend: BOB };

    fn added(account: AccountId) -> Happened {
        (StreamName::relationship(ALICE), CloseFriendAdded { account }.into())
    }

    fn removed() -> Happened {
        (StreamName::relationship(ALICE), CloseFriendRemoved { account: BOB }.into())
    }

    #[test]
    fn a_friend_is_added_and_removed_each_once() {
        given([registered(BOB)]).by(ALICE).when(ADD).then([added(BOB)]);
        given([registered(BOB), added(BOB)]).by(ALICE).when(ADD).then_it_is_already_so();
        given([registered(BOB), added(BOB)]).by(ALICE).when(REMOVE).then([removed()]);
        given([registered(BOB), added(BOB), removed()]).by(ALICE).when(REMOVE).then_it_is_already_so();
    }

    #[test]
    fn only_the_owner_touches_the_list() {
        given([registered(BOB)]).by(CAROL).when(ADD).refused(Refusal::NotPermitted);
        given([registered(BOB), added(BOB)]).by(BOB).when(REMOVE).refused(Refusal::NotPermitted);
    }

    #[test]
    fn nobody_befriends_themself_or_an_account_that_does_not_exist() {
        let oneself = AddCloseFriend { owner: ALICE, friend: ALICE };
        given([registered(ALICE)]).by(ALICE).when(oneself).invalid(&[("/friend_id", "ONESELF")]);
        given([]).by(ALICE).when(ADD).refused(Refusal::NotFound(Missing::Account));
        given([]).by(ALICE).when(REMOVE).refused(Refusal::NotFound(Missing::Account));
    }

    #[test]
    fn nobody_befriends_whom_they_are_apart_from_whoever_blocks() {
        for (owner, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let apart = [registered(BOB), blocked(owner, other)];
            given(apart).by(ALICE).when(ADD).refused(Refusal::NotFound(Missing::Account));
        }
    }

    #[test]
    fn a_list_holds_a_hundred() {
        let full = || (0..CLOSE_FRIENDS_PER_ACCOUNT_MAX).map(|n| added(person(0x1_0000 + n as u128)));
        given(full().chain([registered(BOB)])).by(ALICE).when(ADD).refused(Refusal::CloseFriendsFull);
        given(full().skip(1).chain([registered(BOB)])).by(ALICE).when(ADD).then([added(BOB)]);
    }
}
