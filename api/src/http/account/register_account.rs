//! `POST /v1/accounts`: somebody registers.

use crate::app::App;
use crate::auth::rates::Limited;
use crate::http::answer::Answer;
use crate::http::body;
use crate::http::operation::{Access, Kind, Method, Route};
use crate::http::request::RequestId;
use crate::http::timed::Timed;
use crate::problem::{Code, Problem};
use crate::wire::account::Profile;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use commands::account::register_account::RegisterAccount;
use commands::command::Envelope;
use domain::account::values::Username;
use domain::clock::Time;
use domain::ids::AccountId;
use domain::values::{DisplayName, Password};
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who registers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RegisterAccountBody)]
pub struct Body {
    /// Unique, ignoring case. `admin`, `system`, `all`, `here` and `deleted` are reserved.
    #[schema(min_length = 3, max_length = 30, pattern = "^[A-Za-z0-9_]{3,30}$")]
    username: String,
    /// In clear, over a connection that is not.
    #[schema(min_length = 8, max_length = 128)]
    password: String,
    /// How the person wants to be called; the user name when it is not sent.
    #[schema(min_length = 1, max_length = 100)]
    display_name: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/accounts", "RegisterAccount", handle)
        .kind(Kind::Command)
        .access(Access::Open)
        .limited(Limited::Register)
        .summary("Registers an account.")
        .body::<Body>()
        .answers::<Profile>(201, "The account.")
        .refuses(&[Code::UsernameTaken, Code::ValidationFailed])
}

struct Parsed {
    username: Username,
    password: Password,
    display_name: Option<DisplayName>,
}

/// Names every field that is not valid, not only the first.
fn parse(body: &Body) -> Result<Parsed, Problem> {
    let username = Username::parse(&body.username).map_err(|invalid| ("/username", invalid));
    let password = Password::parse(&body.password).map_err(|invalid| ("/password", invalid));
    let display_name = body.display_name.as_deref().map(DisplayName::parse).transpose();
    let display_name = display_name.map_err(|invalid| ("/display_name", invalid));
    match (username, password, display_name) {
        (Ok(username), Ok(password), Ok(display_name)) => Ok(Parsed { username, password, display_name }),
        (username, password, display_name) => {
            let invalid = [username.err(), password.err(), display_name.err()];
            Err(invalid
                .into_iter()
                .flatten()
                .fold(Problem::new(Code::ValidationFailed), |problem, (pointer, invalid)| {
                    problem.and_field(pointer, invalid.code, invalid.detail)
                }))
        }
    }
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("RegisterAccount");
    let (parts, request_body) = request.into_parts();
    let body = body::read_json(&parts.headers, request_body).await?;
    let Parsed { username, password, display_name } = parse(&body)?;
    timed.has_read();
    let password_hash = Some(app.passwords.hash(password).await?);
    let account = AccountId::new(Uuid::now_v7());
    let shown_name = display_name.as_ref().map_or(username.as_str(), DisplayName::as_str).to_owned();
    let shown = (username.as_str().to_owned(), shown_name);
    let command = RegisterAccount { account, username, display_name, password_hash };
    let envelope = Envelope { actor: Some(account), correlation_id: id.correlation, ..Envelope::default() };
    let done = app.executor.execute(command, envelope).await?;
    let created_at = done.events.first().map_or_else(Time::default, |event| event.occurred_at);
    let (username, display_name) = (Some(shown.0), Some(shown.1));
    let profile = Profile { id: account, username, display_name, bio: None, created_at, erased_at: None };
    let mut response = Answer::json(StatusCode::CREATED, &profile, &done)?.into_response(&app);
    timed.tell(&app, id.correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invalid_field_is_named() {
        let body = body::parse(br#"{"username":"a b","password":"short","display_name":""}"#).unwrap();
        let problem = parse(&body).map(|_| ()).unwrap_err();
        let pointers: Vec<_> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/username", "/password", "/display_name"]);
    }

    #[test]
    fn reserved_names_are_refused() {
        let body = body::parse(br#"{"username":"Admin","password":"long enough"}"#).unwrap();
        assert_eq!(parse(&body).map(|_| ()).unwrap_err().errors()[0].code, "RESERVED");
    }
}
