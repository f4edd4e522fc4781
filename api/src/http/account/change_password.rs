//! `PUT /v1/me/password`: whoever knows the current password sets another one.

use crate::app::App;
use crate::auth::caller::{self, Caller};
use crate::auth::rates::Headers;
use crate::http::answer::Answer;
use crate::http::body;
use crate::http::operation::{Kind, Method, Route};
use crate::http::path::not_found;
use crate::http::request::{Peer, RequestId};
use crate::http::timed::Timed;
use crate::problem::{Code, Problem};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use commands::account::change_password::ChangePassword;
use commands::command::Envelope;
use commands::session::credential::credential_of;
use domain::account::values::Username;
use domain::values::{Password, check_text};
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Both passwords.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChangePasswordBody)]
pub struct Body {
    /// In clear, over a connection that is not.
    current_password: String,
    /// Likewise.
    #[schema(min_length = 8, max_length = 128)]
    new_password: String,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Put, "/v1/me/password", "ChangePassword", handle)
        .kind(Kind::Command)
        .summary("Changes the caller's password.")
        .description(
            "Every other session ends; the one that asks goes on. A wrong current password counts as a failed sign-in.",
        )
        .body::<Body>()
        .answers_empty(204, "The password is changed.")
        .refuses(&[Code::WrongPassword, Code::RateLimited, Code::ValidationFailed, Code::Overloaded])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("ChangePassword");
    let (parts, request_body) = request.into_parts();
    let caller = caller::of_request(&app, &parts.extensions, &parts.headers)?;
    let Body { current_password, new_password } = body::read_json(&parts.headers, request_body).await?;
    caller::goes_on(&app, &caller)?;
    check_text(&current_password, 0, usize::MAX).map_err(|invalid| Problem::invalid("/current_password", invalid))?;
    let new_password = Password::parse(&new_password).map_err(|invalid| Problem::invalid("/new_password", invalid))?;
    let address = Peer::address(&parts.extensions);
    timed.has_read();
    let (compared_revision, headers) = verify(&app, &caller, current_password, address).await?;
    let command = ChangePassword {
        account: caller.account,
        password_hash: app.passwords.hash(new_password).await?,
        compared_revision: Some(compared_revision),
        kept_session: Some(caller.session),
    };
    let done = app.executor.execute(command, Envelope::of(caller.account, id.correlation)).await?;
    done.events.iter().for_each(|event| app.revocations.take(event));
    let mut response = Answer::empty(&done).into_response(&app);
    response.headers_mut().extend(headers);
    timed.tell(&app, id.correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}

/// The revision of the password that was given and is the caller's. Counted with failed sign-ins of the same name, so
/// that a stolen token is no second way to guess.
async fn verify(app: &App, caller: &Caller, password: String, address: IpAddr) -> Result<(u64, Headers), Problem> {
    let (username, credential) = credential_of(&app.executor, caller.account).await?.ok_or_else(not_found)?;
    let username = Username::parse_any(&username.unwrap_or_default()).map_err(|_| not_found())?;
    let attempt = app.sign_ins.take(&*app.words, &username, address, &*app.clock).await?;
    let matches = app.passwords.matches(password, credential.password_hash).await;
    if !matches!(matches, Ok(false)) {
        app.sign_ins.give_back(&attempt);
    }
    if matches? {
        return Ok((credential.revision, app.sign_ins.headers(&attempt, false)));
    }
    let headers = app.sign_ins.headers(&attempt, true);
    let refused = Problem::new(Code::WrongPassword);
    Err(headers.into_iter().fold(refused, |problem, (name, value)| problem.header(name, value)))
}
