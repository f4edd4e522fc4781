//! What deciding needs to know of an account's ties to others.

use crate::event::Event;
use crate::ids::AccountId;
use crate::story::values::Ties;
use std::collections::BTreeSet;

/// The state of `relationship-<account>`.
///
/// The stream is the one deciding stream that may pass a thousand events: up to
/// [`crate::limits::FOLLOWS_PER_ACCOUNT_MAX`] follows stand in it, and what was taken back. It needs no snapshot: its
/// events have no words, so 256 of them are one page of the log, the state is cached after the first load, and the
/// limit keeps that load to about twenty pages for whoever does not follow and unfollow the same accounts for ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relationship {
    /// Whom it follows.
    pub follows: BTreeSet<AccountId>,
    /// Its close friends.
    pub close_friends: BTreeSet<AccountId>,
}

impl Relationship {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::AccountFollowed(e) => {
                self.follows.insert(e.account);
            }
            Event::AccountUnfollowed(e) => {
                self.follows.remove(&e.account);
            }
            Event::CloseFriendAdded(e) => {
                self.close_friends.insert(e.account);
            }
            Event::CloseFriendRemoved(e) => {
                self.close_friends.remove(&e.account);
            }
            _ => {}
        }
    }
}

/// What `viewer` is to `author`, each with their own relationships.
pub fn ties(viewer: (AccountId, &Relationship), author: (AccountId, &Relationship)) -> Ties {
    Ties {
        is_author: viewer.0 == author.0,
        follows: viewer.1.follows.contains(&author.0),
        is_close_friend: author.1.close_friends.contains(&viewer.0),
    }
}
