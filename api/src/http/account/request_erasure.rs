//! `DELETE /v1/me` and `POST /v1/admin/accounts/{id}/erasure`: an account is to be erased after a while.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Access, Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::account::Erasure;
use commands::account::request_erasure;
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use domain::account::state::Account;
use domain::account::values::Role;
use domain::ids::AccountId;
use domain::state::State;
use domain::stream::StreamName;
use domain::values::Reason;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The route of a person.
pub fn route() -> Route {
    Route::command::<RequestErasure>(Method::Delete, "/v1/me")
        .summary("Requests the erasure of the caller's account, with everything that they wrote.")
        .description("It can be cancelled until then: after 30 days, if nothing else is configured.")
        .answers::<Erasure>(202, "When it will be erased.")
        .refuses(&[Code::LastAdmin, Code::PreconditionFailed])
}

/// The route of administrators.
pub fn route_by_admin() -> Route {
    Route::command::<OrderErasure>(Method::Post, "/v1/admin/accounts/{id}/erasure")
        .access(Access::Admins)
        .summary("Orders the erasure of an account: administrators.")
        .description("As if the person had requested it, but that they cannot cancel it.")
        .answers::<Erasure>(202, "When it will be erased.")
        .refuses(&[Code::RoleRequired, Code::LastAdmin, Code::ErasureBegun])
}

/// Why.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OrderErasureBody)]
pub struct Body {
    /// Kept, sealed.
    #[schema(min_length = 1, max_length = 512)]
    reason: String,
}

/// The command of a person at the edge.
pub struct RequestErasure;

impl Endpoint for RequestErasure {
    const NAME: &'static str = "RequestErasure";
    const PATH: &'static [&'static str] = &[];
    type Body = NoBody;
    type Command = request_erasure::RequestErasure;

    fn command(caller: &Caller, _: &Path, _: &NoBody) -> Result<request_erasure::RequestErasure, Problem> {
        Ok(request_erasure::RequestErasure { account: caller.account, wait_seconds: 0, reason: None })
    }

    async fn execute(app: &App, command: request_erasure::RequestErasure, envelope: Envelope) -> Result<Done, Failure> {
        app.executor.execute(waiting(app, command), envelope).await
    }

    async fn respond(app: &App, caller: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        answer(app, caller.account, done).await
    }

    fn resource(caller: &Caller, _path: &Path) -> Option<StreamName> {
        Some(StreamName::account(caller.account))
    }
}

/// The command of an administrator at the edge.
pub struct OrderErasure;

impl Endpoint for OrderErasure {
    const NAME: &'static str = "OrderErasure";
    const ROLES: &'static [Role] = &[Role::Admin];
    const PATH: &'static [&'static str] = &["id"];
    type Body = Body;
    type Command = request_erasure::RequestErasure;

    fn command(_: &Caller, path: &Path, body: &Body) -> Result<request_erasure::RequestErasure, Problem> {
        let reason = Reason::parse(&body.reason).map_err(|invalid| Problem::invalid("/reason", invalid))?;
        Ok(request_erasure::RequestErasure { account: path.id("id")?, wait_seconds: 0, reason: Some(reason) })
    }

    async fn execute(app: &App, command: request_erasure::RequestErasure, envelope: Envelope) -> Result<Done, Failure> {
        app.executor.execute(waiting(app, command), envelope).await
    }

    async fn respond(app: &App, _: &Caller, path: &Path, _: Body, done: &Done) -> Result<Answer, Problem> {
        answer(app, path.id("id")?, done).await
    }
}

/// How long it waits is configured.
fn waiting(app: &App, command: request_erasure::RequestErasure) -> request_erasure::RequestErasure {
    let wait_seconds = i64::from(app.config.auth.erasure_wait_days) * DAY_SECONDS;
    request_erasure::RequestErasure { wait_seconds, ..command }
}

async fn answer(app: &App, account: AccountId, done: &Done) -> Result<Answer, Problem> {
    let state = app.executor.current(&StreamName::account(account)).await?;
    let erasure = match &*state {
        State::Account(account) => match &**account {
            Account::Active { erasure, .. } => *erasure,
            Account::Unknown | Account::Ending { .. } | Account::Erased => None,
        },
        _ => None,
    };
    // Begun or cancelled in this very moment.
    let erasure = erasure.ok_or_else(|| Problem::new(Code::ErasureBegun))?;
    Answer::json(StatusCode::ACCEPTED, &Erasure { erases_at: erasure.erases_at }, done)
}
