//! What happens to a story.

use crate::clock::Time;
use crate::ids::{AccountId, StoryId};
use crate::proto::account::v1::ReasonWords;
use crate::proto::story::v1::StoryWords;
use crate::story::values::StoryPrivacy;
use crate::words::Field;
use serde::Serialize;

/// A story was posted. First event of `story-<id>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryPosted {
    /// Which.
    pub story: StoryId,
    /// By whom.
    pub author: AccountId,
    /// Who may see it.
    pub privacy: StoryPrivacy,
    /// When it is seen no more: 24 hours after it was posted, exactly.
    pub expires_at: Time,
    /// Text and caption; the author's and the story's key.
    pub words: Field<StoryWords>,
}

/// Its author changed who may see it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryPrivacyChanged {
    /// Who may see it from now on.
    pub privacy: StoryPrivacy,
    /// Who could until now: together they tell who loses sight of it.
    pub previous: StoryPrivacy,
}

/// It was deleted. How many had seen it follows from the order of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryDeleted {
    /// By whom.
    pub deleted_by: AccountId,
    /// Why, where only the role of a moderator allowed it; the deployment's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Field<ReasonWords>>,
}

/// Somebody saw it for the first time. The only event of `view-<keyed hash of story and viewer>`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryViewed {
    /// Which.
    pub story: StoryId,
    /// Whose.
    pub author: AccountId,
    /// Who.
    pub viewer: AccountId,
    /// For how long, as their device says, in milliseconds.
    pub duration_ms: Option<u32>,
}

/// Its time is over. Seen by nobody since `expires_at` already; this event records the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StoryExpired {
    /// How many had seen it in the end.
    pub view_count: u64,
    /// How many reactions it had in the end.
    pub reaction_count: u64,
}
