//! What deciding needs to know of a story and of a view of it.

use crate::clock::Time;
use crate::event::Event;
use crate::ids::AccountId;
use crate::story::values::StoryPrivacy;

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
        /// Who may see it.
        privacy: StoryPrivacy,
        /// How often that was changed.
        privacy_changes: u32,
        /// When it is seen no more.
        expires_at: Time,
    },
    /// Its end is recorded.
    Expired,
    /// It was deleted.
    Deleted,
}

impl Story {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match (&mut *self, event) {
            (_, Event::StoryPosted(e)) => {
                *self = Story::Posted {
                    author: e.author,
                    privacy: e.privacy,
                    privacy_changes: 0,
                    expires_at: e.expires_at,
                };
            }
            (Story::Posted { privacy, privacy_changes, .. }, Event::StoryPrivacyChanged(e)) => {
                *privacy = e.privacy;
                *privacy_changes = privacy_changes.saturating_add(1);
            }
            (_, Event::StoryExpired(_)) => *self = Story::Expired,
            (_, Event::StoryDeleted(_)) => *self = Story::Deleted,
            _ => {}
        }
    }
}

/// The state of `view-<keyed hash of story and viewer>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether the story was seen by that person.
    pub is_seen: bool,
}

impl View {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::StoryViewed(_) = event {
            self.is_seen = true;
        }
    }
}
