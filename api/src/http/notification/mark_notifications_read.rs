//! `PUT /v1/notifications/read`: somebody has read their notifications up to one.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::Problem;
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use commands::notification::mark_notifications_read;
use commands::refusal::Refusal;
use domain::ids::Position;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Up to where.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MarkNotificationsReadBody)]
pub struct Body {
    /// The `id` of the newest notification that was read.
    up_to: String,
}

/// The route.
pub fn route() -> Route {
    Route::command::<MarkNotificationsRead>(Method::Put, "/v1/notifications/read")
        .summary("Marks the caller's notifications up to one as read, for all devices. It never moves back.")
        .answers_empty(204, "They are read.")
}

/// The command at the edge.
pub struct MarkNotificationsRead;

impl Endpoint for MarkNotificationsRead {
    const NAME: &'static str = "MarkNotificationsRead";
    const PATH: &'static [&'static str] = &[];
    type Body = Body;
    type Command = mark_notifications_read::MarkNotificationsRead;

    fn command(
        _caller: &Caller,
        _path: &Path,
        body: &Body,
    ) -> Result<mark_notifications_read::MarkNotificationsRead, Problem> {
        let bad = |_| Problem::field("/up_to", "BAD_FORMAT", "must be the id of a notification");
        let up_to: Position = body.up_to.parse().map_err(bad)?;
        Ok(mark_notifications_read::MarkNotificationsRead { up_to })
    }

    async fn execute(
        app: &App,
        command: mark_notifications_read::MarkNotificationsRead,
        envelope: Envelope,
    ) -> Result<Done, Failure> {
        let head = app.log.head();
        if command.up_to > head {
            let refusal = Refusal::invalid("/up_to", "NO_SUCH_NOTIFICATION", "is beyond the newest notification");
            return Err(Failure::Refused(refusal, head));
        }
        app.executor.execute(command, envelope).await
    }

    async fn respond(_: &App, _: &Caller, _: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        Ok(Answer::empty(done))
    }
}
