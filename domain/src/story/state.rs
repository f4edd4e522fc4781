//! What deciding needs to know of a story.

use crate::clock::Time;
use crate::event::Event;
use crate::ids::AccountId;

/// The state of `story-<id>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Story {
    /// Never posted.
    #[default]
    Unknown,
    /// Posted.
    Posted {
        /// By whom.
        author: AccountId,
        /// When it is seen no more.
        expires_at: Time,
    },
    /// Its end is recorded.
    Expired,
}

impl Story {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::StoryPosted(e) => *self = Story::Posted { author: e.author, expires_at: e.expires_at },
            Event::StoryExpired(_) => *self = Story::Expired,
            _ => {}
        }
    }
}
