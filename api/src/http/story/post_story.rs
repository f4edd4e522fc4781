//! `POST /v1/stories`: somebody shows something for 24 hours.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::Problem;
use crate::wire::story::Story;
use commands::execute::Done;
use commands::story::post_story;
use domain::event::Event;
use domain::ids::StoryId;
use domain::limits::STORY_LIFE_SECONDS;
use domain::recorded::Recorded;
use domain::story::values::StoryPrivacy;
use domain::values::{StoryCaption, StoryText};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What is shown.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostStoryBody)]
pub struct Body {
    /// The text.
    #[schema(min_length = 1, max_length = 10_000)]
    text: String,
    /// What stands beside it.
    #[schema(max_length = 500)]
    caption: Option<String>,
    /// `public`, `followers` or `close_friends`.
    #[schema(example = "public")]
    privacy: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<PostStory>(Method::Post, "/v1/stories")
        .summary("Posts a story. It is seen for 24 hours, exactly.")
        .answers::<Story>(201, "The story.")
}

/// The command at the edge.
pub struct PostStory;

impl Endpoint for PostStory {
    const NAME: &'static str = "PostStory";
    const PATH: &'static [&'static str] = &[];
    type Body = Body;
    type Command = post_story::PostStory;

    fn command(_caller: &Caller, _path: &Path, body: &Body) -> Result<post_story::PostStory, Problem> {
        let text = StoryText::parse(&body.text).map_err(|invalid| Problem::invalid("/text", invalid))?;
        let caption = body.caption.as_deref().map(StoryCaption::parse).transpose();
        let caption = caption.map_err(|invalid| Problem::invalid("/caption", invalid))?;
        let privacy = privacy(&body.privacy)?;
        Ok(post_story::PostStory { story: StoryId::new(Uuid::now_v7()), text, caption, privacy })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        let posted = done.events.first().and_then(|event| story(event, body));
        let story = posted.ok_or_else(|| Problem::internal(&"a story was posted without an event"))?;
        Answer::json(StatusCode::CREATED, &story, done)
    }
}

/// Who may see a story, from a body's field of this name.
///
/// # Errors
/// [`crate::problem::Code::ValidationFailed`] when it is none of the three.
pub fn privacy(text: &str) -> Result<StoryPrivacy, Problem> {
    let bad = || Problem::field("/privacy", "BAD_FORMAT", "must be public, followers or close_friends");
    StoryPrivacy::parse(text).ok_or_else(bad)
}

/// The story, from its event and, for its words, the request: a repeat has the same ones.
fn story(event: &Recorded, body: Body) -> Option<Story> {
    let Event::StoryPosted(posted) = &event.event else { return None };
    Some(Story {
        id: posted.story,
        author_id: posted.author,
        content_type: "text",
        media: None,
        text: Some(body.text),
        caption: body.caption,
        privacy: posted.privacy,
        posted_at: posted.expires_at.plus_seconds(-STORY_LIFE_SECONDS),
        expires_at: posted.expires_at,
        view_count: Some(0),
        viewed: false,
        reactions: Vec::new(),
    })
}
