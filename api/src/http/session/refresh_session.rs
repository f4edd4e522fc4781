//! `POST /v1/sessions/refresh`: a refresh token is used, once.

use crate::app::App;
use crate::auth::refresh_token::RefreshToken;
use crate::http::answer::Answer;
use crate::http::body;
use crate::http::operation::{Access, Kind, Method, Route};
use crate::http::request::RequestId;
use crate::http::session::open_session::profile;
use crate::http::timed::Timed;
use crate::problem::{Code, Problem};
use crate::wire::account::Session;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use commands::command::Envelope;
use commands::session::refresh_session::RefreshSession;
use domain::event::Event;
use http::StatusCode;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Which session.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RefreshSessionBody)]
pub struct Body {
    /// The session's newest one.
    refresh_token: String,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/sessions/refresh", "RefreshSession", handle)
        .kind(Kind::Command)
        .access(Access::Open)
        // What bears no seal of ours costs one hash; who has a token that does is somebody.
        .limited(None)
        .summary("Gives another access token, and another refresh token.")
        .description(
            "Each refresh token works once. One that was used before ends its session, also when the answer to its \
             first use was lost: nobody can tell a lost answer from a copied token.",
        )
        .body::<Body>()
        .answers::<Session>(201, "The session's new tokens.")
        .refuses(&[Code::InvalidRefreshToken, Code::ValidationFailed])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("RefreshSession");
    let (parts, request_body) = request.into_parts();
    let Body { refresh_token } = body::read_json(&parts.headers, request_body).await?;
    let refused = || Problem::new(Code::InvalidRefreshToken);
    let used = RefreshToken::parse(&*app.words, &refresh_token).ok_or_else(refused)?;
    timed.has_read();
    let (session, now) = (used.session(), app.clock.now());
    let next = RefreshToken::fresh(&*app.words, session)?;
    let command = RefreshSession {
        session,
        used_hash: used.hash(&*app.words),
        refresh_hash: next.hash(&*app.words),
        refresh_expires_at: now.plus_seconds(app.config.auth.refresh_token_seconds),
    };
    let envelope = Envelope { correlation_id: id.correlation, ..Envelope::default() };
    let done = app.executor.execute(command, envelope).await?;
    done.events.iter().for_each(|event| app.revocations.take(event));
    let refreshed = done.events.iter().find_map(|event| match &event.event {
        Event::SessionRefreshed(refreshed) => Some(refreshed),
        _ => None,
    });
    // Otherwise the session has just ended, because the token was used before.
    let refreshed = refreshed.ok_or_else(|| refused().at(done.position))?;
    let session = Session {
        access_token: app.tokens.issue(refreshed.account, session, refreshed.credential_revision, now)?,
        token_type: "Bearer",
        expires_in: app.tokens.life_seconds(),
        refresh_token: next.to_text(),
        account: profile(&app, refreshed.account).await?,
    };
    let mut response = Answer::json(StatusCode::CREATED, &session, &done)?.into_response(&app);
    timed.tell(&app, id.correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}
