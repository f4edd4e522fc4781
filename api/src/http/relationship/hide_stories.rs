//! `PUT` and `DELETE /v1/accounts/{id}/story-hide`: the caller's stories are not for an account, or are again.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::relationship::hide_stories;

/// The route there.
pub fn route() -> Route {
    Route::command::<HideStories>(Method::Put, "/v1/accounts/{id}/story-hide")
        .summary("Hides the caller's stories from an account, whatever ties the two. It is not told.")
        .description("For the account there are no such stories, the present ones neither. 1,000 at most.")
        .answers_empty(204, "They are hidden.")
        .refuses(&[Code::NotFound, Code::StoryListFull])
}

/// The route back.
pub fn route_back() -> Route {
    Route::command::<ShowStories>(Method::Delete, "/v1/accounts/{id}/story-hide")
        .summary("Shows the caller's stories to an account again.")
        .answers_empty(204, "They are not hidden.")
        .refuses(&[Code::NotFound])
}

/// There, at the edge.
pub struct HideStories;

impl Endpoint for HideStories {
    const NAME: &'static str = "HideStories";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = hide_stories::HideStories;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<hide_stories::HideStories, Problem> {
        Ok(hide_stories::HideStories { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

/// And back.
pub struct ShowStories;

impl Endpoint for ShowStories {
    const NAME: &'static str = "ShowStories";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = hide_stories::ShowStories;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<hide_stories::ShowStories, Problem> {
        Ok(hide_stories::ShowStories { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
