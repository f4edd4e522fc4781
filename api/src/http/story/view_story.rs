//! `POST /v1/stories/{id}/views`: somebody saw a story.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::story::view_story;
use domain::limits::STORY_VIEW_MAX_MILLISECONDS;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How it was seen.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ViewStoryBody)]
pub struct Body {
    /// For how long, in milliseconds.
    #[schema(maximum = 86_400_000, example = 2_500)]
    duration_ms: Option<u64>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ViewStory>(Method::Post, "/v1/stories/{id}/views")
        .summary(
            "Tells that the caller saw a story. It counts once for each viewer; fetching a story is not seeing it.",
        )
        .description("The author's own look does not count. The body may be left out.")
        .answers_empty(204, "The view is counted, or was.")
        .refuses(&[Code::NotFound])
}

/// The command at the edge.
pub struct ViewStory;

impl Endpoint for ViewStory {
    const NAME: &'static str = "ViewStory";
    const PATH: &'static [&'static str] = &["id"];
    const BODY_IS_OPTIONAL: bool = true;
    type Body = Body;
    type Command = view_story::ViewStory;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<view_story::ViewStory, Problem> {
        let story = path.id("id")?;
        let too_long = || Problem::field("/duration_ms", "OUT_OF_RANGE", "must be from 0 to 86400000");
        let fits = |ms: &u32| *ms <= STORY_VIEW_MAX_MILLISECONDS;
        let parsed = body.duration_ms.map(|ms| u32::try_from(ms).ok().filter(fits).ok_or_else(too_long));
        Ok(view_story::ViewStory { story, duration_ms: parsed.transpose()? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
