//! `DELETE /v1/stories/{id}`: an author takes a story back before its time is over.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::story::delete_story;
use domain::stream::StreamName;

/// The route.
pub fn route() -> Route {
    Route::command::<DeleteStory>(Method::Delete, "/v1/stories/{id}")
        .summary("Deletes a story of the caller's. It is gone for everybody at once, its author too.")
        .answers_empty(204, "It is deleted.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::PreconditionFailed])
}

/// The command at the edge.
pub struct DeleteStory;

impl Endpoint for DeleteStory {
    const NAME: &'static str = "DeleteStory";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = delete_story::DeleteStory;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<delete_story::DeleteStory, Problem> {
        Ok(delete_story::DeleteStory { story: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::story)
    }
}
