//! `DELETE /v1/stories/{id}`: a story is taken back before its time is over.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::story::delete_story;
use domain::stream::StreamName;
use domain::values::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is said of a deletion.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeleteStoryBody)]
pub struct Body {
    /// Why a moderator deletes it; also as the header `Tidings-Reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 512)]
    reason: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<DeleteStory>(Method::Delete, "/v1/stories/{id}")
        .summary("Deletes a story: its author, moderators any. It is gone for everybody at once, its author too.")
        .description("Where only the role of a moderator allows it, a reason is needed.")
        .answers_empty(204, "It is deleted.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::PreconditionFailed, Code::ReasonRequired])
}

/// The command at the edge.
pub struct DeleteStory;

impl Endpoint for DeleteStory {
    const NAME: &'static str = "DeleteStory";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = delete_story::DeleteStory;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<delete_story::DeleteStory, Problem> {
        let reason = body.reason.as_deref().map(Reason::parse).transpose();
        let reason = reason.map_err(|invalid| Problem::invalid("/reason", invalid))?;
        Ok(delete_story::DeleteStory { story: path.id("id")?, reason })
    }

    fn reasoned(command: delete_story::DeleteStory, reason: Reason) -> delete_story::DeleteStory {
        delete_story::DeleteStory { reason: command.reason.or(Some(reason)), ..command }
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::story)
    }
}
