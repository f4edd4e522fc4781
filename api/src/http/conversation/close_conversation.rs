//! `DELETE /v1/conversations/{id}`: the owner ends a group for all.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::conversation::close_conversation;
use commands::execute::Done;
use domain::stream::StreamName;

/// The route.
pub fn route() -> Route {
    Route::command::<CloseConversation>(Method::Delete, "/v1/conversations/{id}")
        .summary("Closes a group for all: its owner.")
        .description(
            "Nothing is added to it any more. Who was a member then goes on reading it; it stays in the inbox with \
             `closed_at`, until one archives it.",
        )
        .answers_empty(204, "It is closed.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::GroupOnly, Code::PreconditionFailed])
}

/// The command at the edge.
pub struct CloseConversation;

impl Endpoint for CloseConversation {
    const NAME: &'static str = "CloseConversation";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = close_conversation::CloseConversation;

    fn command(_: &Caller, path: &Path, _: &NoBody) -> Result<close_conversation::CloseConversation, Problem> {
        Ok(close_conversation::CloseConversation { conversation: path.id("id")? })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::conversation)
    }
}
