//! `DELETE /v1/messages/{id}`: a message is a tombstone from now on.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::message::delete_message;
use domain::stream::StreamName;

/// The route.
pub fn route() -> Route {
    Route::command::<DeleteMessage>(Method::Delete, "/v1/messages/{id}")
        .summary("Deletes a message: its author within 15 minutes, the conversation's admins always.")
        .description("A tombstone without text stays in its place.")
        .answers_empty(204, "It is deleted.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::EditWindowClosed, Code::PreconditionFailed])
}

/// The command at the edge.
pub struct DeleteMessage;

impl Endpoint for DeleteMessage {
    const NAME: &'static str = "DeleteMessage";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = delete_message::DeleteMessage;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<delete_message::DeleteMessage, Problem> {
        Ok(delete_message::DeleteMessage { message: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::message)
    }
}
