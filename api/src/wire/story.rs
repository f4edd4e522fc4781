//! Stories.

use crate::wire::message::ReactionCount;
use domain::clock::Time;
use domain::ids::{AccountId, StoryId};
use domain::limits::STORY_LIFE_SECONDS;
use domain::story::values::StoryPrivacy;
use domain::words::Content;
use projections::story::shown::{StoryView, ViewerView};
use serde::Serialize;
use utoipa::ToSchema;

/// A story.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Story {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: StoryId,
    /// Who posted it.
    #[schema(value_type = uuid::Uuid)]
    pub author_id: AccountId,
    /// `text`, `image` or `video`.
    #[schema(example = "text")]
    pub content_type: &'static str,
    /// The image or video.
    pub media: Option<String>,
    /// What it says; null once erased.
    pub text: Option<String>,
    /// What stands beside it.
    pub caption: Option<String>,
    /// Who may see it: `public`, `followers` or `close_friends`.
    #[schema(value_type = String, example = "public")]
    pub privacy: StoryPrivacy,
    /// When it was posted.
    #[schema(value_type = String, format = DateTime)]
    pub posted_at: Time,
    /// When it is seen no more: 24 hours later, exactly.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Time,
    /// How many have seen it; only its author is told.
    pub view_count: Option<u64>,
    /// Whether the caller has seen it.
    pub viewed: bool,
    /// How often each emoji was given.
    pub reactions: Vec<ReactionCount>,
}

impl Story {
    /// A story as `viewer` sees it.
    pub fn seen_by(viewer: AccountId, view: StoryView) -> Self {
        let (text, caption) = match view.words {
            Content::Present(words) => (Some(words.text), words.caption),
            Content::Erased => (None, None),
        };
        Self {
            id: view.id,
            author_id: view.author,
            content_type: "text",
            media: None,
            text,
            caption,
            privacy: view.privacy,
            // Exactly a story's life before its end; the event's own time is the writer's, a moment later.
            posted_at: view.expires_at.plus_seconds(-STORY_LIFE_SECONDS),
            expires_at: view.expires_at,
            view_count: (viewer == view.author).then_some(view.view_count),
            viewed: view.is_viewed,
            reactions: Vec::new(),
        }
    }
}

/// The stories of one author.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorStories {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub author_id: AccountId,
    /// The newest first, 20 at most.
    pub stories: Vec<Story>,
    /// Where `GET /v1/accounts/{id}/stories` goes on; null when these are all.
    pub next_cursor: Option<String>,
    /// Whether there are more.
    pub has_more: bool,
}

/// Somebody who saw a story.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoryViewer {
    /// Who.
    #[schema(value_type = uuid::Uuid)]
    pub account_id: AccountId,
    /// When they first did.
    #[schema(value_type = String, format = DateTime)]
    pub viewed_at: Time,
    /// For how long, as their device said, in milliseconds.
    pub duration_ms: Option<u64>,
}

impl From<ViewerView> for StoryViewer {
    fn from(view: ViewerView) -> Self {
        Self { account_id: view.viewer, viewed_at: view.viewed_at, duration_ms: view.duration_ms }
    }
}
