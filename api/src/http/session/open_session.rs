//! `POST /v1/sessions`: somebody signs in.

use crate::app::App;
use crate::auth::rates::Headers;
use crate::auth::refresh_token::RefreshToken;
use crate::http::answer::Answer;
use crate::http::body;
use crate::http::operation::{Access, Kind, Method, Route};
use crate::http::request::{Peer, RequestId};
use crate::http::timed::Timed;
use crate::problem::{Code, Problem};
use crate::wire::account::{Profile, Session};
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use commands::command::Envelope;
use commands::session::credential::{Credential, credential};
use commands::session::open_session::OpenSession;
use domain::account::values::Username;
use domain::event::Event;
use domain::ids::{AccountId, SessionId};
use domain::source::Direction;
use domain::stream::StreamName;
use domain::values::{DeviceName, check_text};
use domain::words::open_one;
use http::StatusCode;
use serde::Deserialize;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OpenSessionBody)]
pub struct Body {
    /// In any capitals.
    username: String,
    /// In clear, over a connection that is not.
    password: String,
    /// What the device calls itself.
    #[schema(min_length = 1, max_length = 100)]
    device_name: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/sessions", "OpenSession", handle)
        .kind(Kind::Command)
        .access(Access::Open)
        // Only failures count, and that is known later.
        .limited(None)
        .summary("Signs in.")
        .description(
            "Failures are counted for each account and address: ten, and one more every 30 seconds. The access token \
             lives for 15 minutes.",
        )
        .body::<Body>()
        .answers::<Session>(201, "The session's tokens.")
        .refuses(&[Code::InvalidCredentials, Code::RateLimited, Code::ValidationFailed, Code::Overloaded])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("OpenSession");
    let (parts, request_body) = request.into_parts();
    let body: Body = body::read_json(&parts.headers, request_body).await?;
    for (pointer, text) in [("/username", &body.username), ("/password", &body.password)] {
        check_text(text, 0, usize::MAX).map_err(|invalid| Problem::invalid(pointer, invalid))?;
    }
    let device_name = body.device_name.as_deref().map(DeviceName::parse).transpose();
    let device_name = device_name.map_err(|invalid| Problem::invalid("/device_name", invalid))?;
    let address = Peer::address(&parts.extensions);

    timed.has_read();
    let (Credential { account, revision, .. }, headers) = verify(&app, &body.username, body.password, address).await?;
    let (session, now) = (SessionId::new(Uuid::now_v7()), app.clock.now());
    let refresh_token = RefreshToken::fresh(&*app.words, session)?;
    let command = OpenSession {
        session,
        account,
        refresh_hash: refresh_token.hash(&*app.words),
        refresh_expires_at: now.plus_seconds(app.config.auth.refresh_token_seconds),
        device_name,
        credential_revision: revision,
    };
    let done = app.executor.execute(command, Envelope::of(account, id.correlation)).await?;
    let session = Session {
        access_token: app.tokens.issue(account, session, revision, now)?,
        token_type: "Bearer",
        expires_in: app.tokens.life_seconds(),
        refresh_token: refresh_token.to_text(),
        account: profile(&app, account).await?,
    };
    let mut response = Answer::json(StatusCode::CREATED, &session, &done)?.into_response(&app);
    response.headers_mut().extend(headers);
    timed.tell(&app, id.correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}

/// A reserved name that no account has: stands for every text that cannot be a name.
const NOBODY: &str = "deleted";

/// Whose user name and password these are. Every failure takes as long as a success.
async fn verify(
    app: &App,
    username: &str,
    password: String,
    address: IpAddr,
) -> Result<(Credential, Headers), Problem> {
    // A text that cannot be a name is nobody's; all such texts of an address count as one name.
    let username = Username::parse_any(username).or_else(|_| Username::parse_any(NOBODY));
    let username = username.map_err(|_| Problem::new(Code::InvalidCredentials))?;
    let attempt = app.sign_ins.take(&*app.words, &username, address, &*app.clock).await?;
    let compared = compare(app, &username, password).await;
    if !matches!(compared, Ok(None)) {
        // It was right, or nobody can tell.
        app.sign_ins.give_back(&attempt);
    }
    match compared? {
        Some(account) => Ok((account, app.sign_ins.headers(&attempt, false))),
        None => {
            let refused = Problem::new(Code::InvalidCredentials);
            let headers = app.sign_ins.headers(&attempt, true);
            Err(headers.into_iter().fold(refused, |problem, (name, value)| problem.header(name, value)))
        }
    }
}

async fn compare(app: &App, username: &Username, password: String) -> Result<Option<Credential>, Problem> {
    let known = credential(&app.executor, username).await?;
    let hash = known.as_ref().and_then(|known| known.password_hash.clone());
    let matches = app.passwords.matches(password, hash).await?;
    Ok(known.filter(|_| matches))
}

/// The account's profile: from the read model, or, when it does not know it yet, from its first event.
pub(super) async fn profile(app: &App, account: AccountId) -> Result<Profile, Problem> {
    if let Some(view) = app.projections.accounts().get(account).await?.value {
        return Ok(view.into());
    }
    let slice = app.log.read_stream(&StreamName::account(account), 0, Direction::Forward, 1).await?;
    let registered = slice.events.first().ok_or_else(|| Problem::new(Code::InvalidCredentials))?;
    let words = match &registered.event {
        Event::AccountRegistered(event) => open_one(&*app.words, &event.words).await?.present(),
        _ => None,
    };
    let (username, display_name) = words.map(|words| (words.username, words.display_name)).unzip();
    let created_at = registered.occurred_at;
    Ok(Profile { id: account, username, display_name, bio: None, created_at, erased_at: None })
}
