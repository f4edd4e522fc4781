//! `BlockAccount`, `UnblockAccount`: somebody has nothing to do with another account any more, or may have again. A block acts
//! both ways, and the other is not told.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use crate::relationship::tie;
use domain::event::Event;
use domain::ids::AccountId;
use domain::limits::BLOCKS_PER_ACCOUNT_MAX;
use domain::relationship::event::{AccountBlocked, AccountUnblocked, AccountUnfollowed, CloseFriendRemoved};
use domain::relationship::state::Relationship;
use domain::stream::StreamName;

/// Blocks an account.
#[derive(Clone, Debug)]
pub struct BlockAccount {
    /// Which.
    pub account: AccountId,
}

/// Blocks an account no longer.
#[derive(Clone, Debug)]
pub struct UnblockAccount {
    /// Which.
    pub account: AccountId,
}

impl Command for BlockAccount {
    fn name(&self) -> &'static str {
        "BlockAccount"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        if names.actor_or_nil() == self.account {
            return vec![];
        }
        // What the other has of ties to the actor ends, too.
        vec![Read::Fact(StreamName::account(self.account)), Read::Write(StreamName::relationship(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        tie::is_to_another(states, actor, self.account, "/id")?;
        let (own, theirs) = (states.relationship(actor), states.relationship(self.account));
        if own.blocks.contains(&self.account) {
            return Ok(vec![]);
        }
        if own.blocks.len() >= BLOCKS_PER_ACCOUNT_MAX {
            return Err(Refusal::BlockLimitReached);
        }
        let own_end = ends(actor, own, self.account);
        let theirs_end = ends(self.account, theirs, actor);
        let blocked = (states.primary(), AccountBlocked { account: self.account }.into());
        Ok(std::iter::once(blocked).chain(own_end).chain(theirs_end).collect())
    }
}

/// The ends of what ties an owner to somebody.
fn ends(owner: AccountId, ties: &Relationship, account: AccountId) -> impl Iterator<Item = (StreamName, Event)> {
    let follow: Option<Event> = ties.follows.contains(&account).then(|| AccountUnfollowed { account }.into());
    let friend: Option<Event> = ties.close_friends.contains(&account).then(|| CloseFriendRemoved { account }.into());
    [follow, friend].into_iter().flatten().map(move |event| (StreamName::relationship(owner), event))
}

impl Command for UnblockAccount {
    fn name(&self) -> &'static str {
        "UnblockAccount"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::relationship(names.actor_or_nil())
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let stands = states.relationship(context.actor()?).blocks.contains(&self.account);
        tie::end(states, self.account, stands, AccountUnblocked { account: self.account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refusal::Missing;
    use crate::scenario::{ALICE, BOB, Happened, blocked, given, person, registered, unblocked};
    use domain::relationship::event::{AccountFollowed, CloseFriendAdded};

    const BLOCK: BlockAccount = BlockAccount { account: BOB };
    const UNBLOCK: UnblockAccount = UnblockAccount { account: BOB };

    fn happened(owner: AccountId, event: impl Into<Event>) -> Happened {
        (StreamName::relationship(owner), event.into())
    }

    #[test]
    fn somebody_blocks_and_blocks_no_longer_each_once() {
        given([registered(BOB)]).by(ALICE).when(BLOCK).then([blocked(ALICE, BOB)]);
        let once = || [registered(BOB), blocked(ALICE, BOB)];
        given(once()).by(ALICE).when(BLOCK).then_it_is_already_so();
        given(once()).by(ALICE).when(UNBLOCK).then([unblocked(ALICE, BOB)]);
        let no_more = || once().into_iter().chain([unblocked(ALICE, BOB)]);
        given(no_more()).by(ALICE).when(UNBLOCK).then_it_is_already_so();
        given(no_more()).by(ALICE).when(BLOCK).then([blocked(ALICE, BOB)]);
    }

    #[test]
    fn what_ties_the_two_ends_both_ways_and_does_not_come_back() {
        let mut events = vec![registered(BOB)];
        for (owner, account) in [(ALICE, BOB), (BOB, ALICE)] {
            events.push(happened(owner, AccountFollowed { account }));
            events.push(happened(owner, CloseFriendAdded { account }));
        }
        let ended = |owner, account| {
            [happened(owner, AccountUnfollowed { account }), happened(owner, CloseFriendRemoved { account })]
        };
        let ends = ended(ALICE, BOB).into_iter().chain(ended(BOB, ALICE));
        let block: Vec<_> = std::iter::once(blocked(ALICE, BOB)).chain(ends).collect();
        given(events.clone()).by(ALICE).when(BLOCK).then(block.clone());
        events.extend(block);
        given(events).by(ALICE).when(UNBLOCK).then([unblocked(ALICE, BOB)]);
    }

    #[test]
    fn each_may_block_the_other() {
        given([registered(BOB), blocked(BOB, ALICE)]).by(ALICE).when(BLOCK).then([blocked(ALICE, BOB)]);
        given([registered(BOB), blocked(BOB, ALICE)]).by(ALICE).when(UNBLOCK).then_it_is_already_so();
    }

    #[test]
    fn nobody_blocks_themself_or_an_account_that_does_not_exist() {
        given([registered(BOB)]).by(BOB).when(BLOCK).invalid(&[("/id", "ONESELF")]);
        given([]).by(ALICE).when(BLOCK).refused(Refusal::NotFound(Missing::Account));
        given([]).by(ALICE).when(UNBLOCK).refused(Refusal::NotFound(Missing::Account));
        given([registered(BOB)]).when(BLOCK).refused(Refusal::NotSignedIn);
    }

    #[test]
    fn one_account_blocks_a_thousand_at_most() {
        let full = || (0..BLOCKS_PER_ACCOUNT_MAX).map(|n| blocked(ALICE, person(0x1_0000 + n as u128)));
        given(full().chain([registered(BOB)])).by(ALICE).when(BLOCK).refused(Refusal::BlockLimitReached);
        given(full().skip(1).chain([registered(BOB)])).by(ALICE).when(BLOCK).then([blocked(ALICE, BOB)]);
    }
}
