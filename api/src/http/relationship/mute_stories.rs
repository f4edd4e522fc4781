//! `PUT` and `DELETE /v1/accounts/{id}/story-mute`: somebody's stories stay out of the caller's story feed, or come back.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::relationship::mute_stories;

/// The route there.
pub fn route() -> Route {
    Route::command::<MuteStories>(Method::Put, "/v1/accounts/{id}/story-mute")
        .summary("Leaves an account's stories out of the caller's story feed. It is not told.")
        .description("They stay on the account's shelf, and their frames still come: a client leaves them out itself. 1,000 at most.")
        .answers_empty(204, "They are left out.")
        .refuses(&[Code::NotFound, Code::StoryListFull])
}

/// The route back.
pub fn route_back() -> Route {
    Route::command::<UnmuteStories>(Method::Delete, "/v1/accounts/{id}/story-mute")
        .summary("Wants an account's stories in the caller's story feed again.")
        .answers_empty(204, "They are not left out.")
        .refuses(&[Code::NotFound])
}

/// There, at the edge.
pub struct MuteStories;

impl Endpoint for MuteStories {
    const NAME: &'static str = "MuteStories";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = mute_stories::MuteStories;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<mute_stories::MuteStories, Problem> {
        Ok(mute_stories::MuteStories { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}

/// And back.
pub struct UnmuteStories;

impl Endpoint for UnmuteStories {
    const NAME: &'static str = "UnmuteStories";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = mute_stories::UnmuteStories;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<mute_stories::UnmuteStories, Problem> {
        Ok(mute_stories::UnmuteStories { account: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
