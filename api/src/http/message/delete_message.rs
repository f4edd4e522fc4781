//! `DELETE /v1/messages/{id}`: a message is a tombstone from now on.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::message::delete_message;
use domain::stream::StreamName;
use domain::values::Reason;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is said of a deletion.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DeleteMessageBody)]
pub struct Body {
    /// Why a moderator deletes it; also as the header `Tidings-Reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 512)]
    reason: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<DeleteMessage>(Method::Delete, "/v1/messages/{id}")
        .summary("Deletes a message: its author within 15 minutes, the conversation's admins always, moderators any.")
        .description("A tombstone without text stays in its place; a pin is lost. Where only the role of a moderator allows it, a reason is needed. In a closed group it alone does: author and admins are refused.")
        .answers_empty(204, "It is deleted.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::EditWindowClosed, Code::ConversationClosed, Code::PreconditionFailed, Code::ReasonRequired])
}

/// The command at the edge.
pub struct DeleteMessage;

impl Endpoint for DeleteMessage {
    const NAME: &'static str = "DeleteMessage";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = delete_message::DeleteMessage;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<delete_message::DeleteMessage, Problem> {
        let reason = body.reason.as_deref().map(Reason::parse).transpose();
        let reason = reason.map_err(|invalid| Problem::invalid("/reason", invalid))?;
        Ok(delete_message::DeleteMessage { message: path.id("id")?, reason })
    }

    fn reasoned(command: delete_message::DeleteMessage, reason: Reason) -> delete_message::DeleteMessage {
        delete_message::DeleteMessage { reason: command.reason.or(Some(reason)), ..command }
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::message)
    }
}
