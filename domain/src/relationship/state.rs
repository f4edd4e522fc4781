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
    /// Whom it blocks.
    pub blocks: BTreeSet<AccountId>,
    /// Whose stories it does not want in its story feed.
    pub story_mutes: BTreeSet<AccountId>,
    /// Who is not shown its stories.
    pub story_hides: BTreeSet<AccountId>,
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
            Event::AccountBlocked(e) => {
                self.blocks.insert(e.account);
            }
            Event::AccountUnblocked(e) => {
                self.blocks.remove(&e.account);
            }
            Event::StoriesMuted(e) => {
                self.story_mutes.insert(e.account);
            }
            Event::StoriesUnmuted(e) => {
                self.story_mutes.remove(&e.account);
            }
            Event::StoriesHidden(e) => {
                self.story_hides.insert(e.account);
            }
            Event::StoriesShown(e) => {
                self.story_hides.remove(&e.account);
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
        is_kept_out: are_apart(viewer, author) || author.1.story_hides.contains(&viewer.0),
    }
}

/// Whether one of two accounts blocks the other, each with their own relationships: the same whoever does.
pub fn are_apart(one: (AccountId, &Relationship), other: (AccountId, &Relationship)) -> bool {
    one.1.blocks.contains(&other.0) || other.1.blocks.contains(&one.0)
}
