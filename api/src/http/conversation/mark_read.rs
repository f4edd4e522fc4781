//! `PUT /v1/conversations/{id}/read`: somebody has read a conversation up to a message.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::command::Envelope;
use commands::conversation::mark_read;
use commands::execute::{Done, Failure};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Up to where.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MarkReadBody)]
pub struct Body {
    /// The last message that was read.
    seq: u64,
}

/// The route.
pub fn route() -> Route {
    Route::command::<MarkRead>(Method::Put, "/v1/conversations/{id}/read")
        .summary("Moves the caller's read watermark. It never moves back.")
        .description("Watermarks that follow within two seconds are stored together.")
        .answers_empty(204, "It stands there, or further on.")
        .refuses(&[Code::NotFound])
}

/// The command at the edge.
pub struct MarkRead;

impl Endpoint for MarkRead {
    const NAME: &'static str = "MarkRead";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = mark_read::MarkRead;

    fn command(_caller: &Caller, path: &Path, body: &Body) -> Result<mark_read::MarkRead, Problem> {
        Ok(mark_read::MarkRead { conversation: path.id("id")?, seq: body.seq })
    }

    async fn execute(app: &App, command: mark_read::MarkRead, envelope: Envelope) -> Result<Done, Failure> {
        app.read_marks.mark(command, envelope).await
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
