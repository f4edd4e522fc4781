//! `DELETE /v1/messages/{id}/reactions/{emoji}`: somebody takes a reaction back.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::{Path, not_found};
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::message::remove_reaction;
use domain::values::Emoji;

/// The route.
pub fn route() -> Route {
    Route::command::<RemoveReaction>(Method::Delete, "/v1/messages/{id}/reactions/{emoji}")
        .summary("Takes the caller's reaction back.")
        .answers_empty(204, "There is no such reaction of the caller's.")
        .refuses(&[Code::NotFound, Code::ConversationClosed])
}

/// The command at the edge.
pub struct RemoveReaction;

impl Endpoint for RemoveReaction {
    const NAME: &'static str = "RemoveReaction";
    const PATH: &'static [&'static str] = &["id", "emoji"];
    type Body = NoBody;
    type Command = remove_reaction::RemoveReaction;

    fn command(_caller: &Caller, path: &Path, _body: &NoBody) -> Result<remove_reaction::RemoveReaction, Problem> {
        let emoji = Emoji::parse(path.text("emoji")?).map_err(|_| not_found())?;
        Ok(remove_reaction::RemoveReaction { message: path.id("id")?, emoji })
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
