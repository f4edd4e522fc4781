//! `PUT /v1/conversations/{id}/retention`: messages are kept for another time.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::body::nullable;
use crate::http::command::Endpoint;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Retention;
use commands::conversation::change_retention;
use commands::execute::Done;
use domain::conversation::values::RetentionDays;
use domain::stream::StreamName;
use domain::values::Reason;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For how long messages are kept.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangeRetentionBody)]
pub struct Body {
    /// For how many days; null for as long as the conversation.
    #[serde(deserialize_with = "nullable")]
    #[schema(required = true, minimum = 1, maximum = 3650, example = 30)]
    days: Option<u32>,
    /// Why an administrator changes it; also as the header `Tidings-Reason`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 512)]
    reason: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<ChangeRetention>(Method::Put, "/v1/conversations/{id}/retention")
        .summary("Says for how long messages are kept: the owner of a group, administrators of any conversation.")
        .description(
            "Messages that are older go, the oldest first, with their pins, reactions and notifications; they are found, shown \
             and counted no more, and their words can be read by nobody. What is over age when this is said goes at once, and \
             nothing brings it back. It holds for a closed group, too. Where only the role of an administrator allows it, a \
             reason is needed. docs/privacy.md tells what goes when.",
        )
        .answers::<Retention>(200, "For how long messages are kept from now on.")
        .refuses(&[
            Code::NotFound,
            Code::NotPermitted,
            Code::GroupOnly,
            Code::PreconditionFailed,
            Code::ReasonRequired,
        ])
}

/// The command at the edge.
pub struct ChangeRetention;

impl Endpoint for ChangeRetention {
    const NAME: &'static str = "ChangeRetention";
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = change_retention::ChangeRetention;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<change_retention::ChangeRetention, Problem> {
        let days = body.days.map(RetentionDays::parse).transpose();
        let days = days.map_err(|invalid| Problem::invalid("/days", invalid))?;
        let reason = body.reason.as_deref().map(Reason::parse).transpose();
        let reason = reason.map_err(|invalid| Problem::invalid("/reason", invalid))?;
        Ok(change_retention::ChangeRetention { conversation: path.id("id")?, days, reason })
    }

    fn reasoned(command: change_retention::ChangeRetention, reason: Reason) -> change_retention::ChangeRetention {
        change_retention::ChangeRetention { reason: command.reason.or(Some(reason)), ..command }
    }

    async fn respond(_: &App, _: &Caller, _: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        Answer::json(StatusCode::OK, &Retention { days: body.days }, done)
    }

    fn resource(_caller: &Caller, path: &Path) -> Option<StreamName> {
        path.id("id").ok().map(StreamName::conversation)
    }
}
