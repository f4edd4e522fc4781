//! What accounts are to each other, in a log of a test.

use crate::testing::script::{Script, account};
use domain::ids::Position;
use domain::relationship::event::{
    AccountBlocked, AccountFollowed, AccountUnblocked, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved,
    StoriesHidden, StoriesMuted, StoriesShown, StoriesUnmuted,
};
use domain::stream::StreamName;

impl Script {
    pub(crate) fn follows(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), AccountFollowed { account: account(whom) })
    }

    pub(crate) fn unfollows(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), AccountUnfollowed { account: account(whom) })
    }

    pub(crate) fn befriends(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), CloseFriendAdded { account: account(whom) })
    }

    pub(crate) fn unfriends(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), CloseFriendRemoved { account: account(whom) })
    }

    pub(crate) fn blocks(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), AccountBlocked { account: account(whom) })
    }

    pub(crate) fn unblocks(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), AccountUnblocked { account: account(whom) })
    }

    pub(crate) fn mutes(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), StoriesMuted { account: account(whom) })
    }

    pub(crate) fn unmutes(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), StoriesUnmuted { account: account(whom) })
    }

    pub(crate) fn hides(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), StoriesHidden { account: account(whom) })
    }

    pub(crate) fn shows(&mut self, who: u128, whom: u128) -> Position {
        self.record(StreamName::relationship(account(who)), StoriesShown { account: account(whom) })
    }
}
