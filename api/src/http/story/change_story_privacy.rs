//! `PUT /v1/stories/{id}/privacy`: an author changes who may see a story.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::http::story::post_story::privacy;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::story::change_story_privacy;
use domain::stream::StreamName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may see it.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeStoryPrivacyBody)]
pub struct Body {
    /// `public`, `followers` or `close_friends`.
    #[schema(example = "followers")]
    privacy: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeStoryPrivacy>(Method::Put, "/v1/stories/{id}/privacy")
        .summary("Changes who may see a story of the caller's, at once. A hundred times at most.")
        .answers_empty(204, "It is so.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::PrivacyChangeLimitReached, Code::PreconditionFailed])
}

/// The command at the edge.
pub struct ChangeStoryPrivacy;

impl Endpoint for ChangeStoryPrivacy {
    const NAME: &'static str = "ChangeStoryPrivacy";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = change_story_privacy::ChangeStoryPrivacy;

    fn command(
        _caller: &Caller,
        path: &Path,
        body: &Body,
    ) -> Result<change_story_privacy::ChangeStoryPrivacy, Problem> {
        Ok(change_story_privacy::ChangeStoryPrivacy { story: path.id("id")?, privacy: privacy(&body.privacy)? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::story)
    }
}
