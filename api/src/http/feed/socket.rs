//! `GET /v1/feed`: becomes a WebSocket.

use crate::app::App;
use crate::auth::caller::{Caller, from_token, of_request};
use crate::auth::token::unauthenticated;
use crate::conduit::Conduit;
use crate::http::operation::{Kind, Method, Route};
use crate::http::query_string::QueryString;
use crate::http::request::Place;
use crate::live::socket::serve;
use crate::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::AUTHORIZATION;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use tokio::net::TcpStream;
use tungstenite::handshake::server::create_response_with_body;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/feed", "Feed", handle)
        .kind(Kind::Service)
        .summary("Opens the feed: a WebSocket that carries everything the caller may see, in the log's order.")
        .description(
            "Text frames of JSON, at most 64 KiB towards the server. The token stands in the header or in `identify` \
             or `resume`, or a ticket in the address. After `hello` the client sends `identify` or `resume` within 10 \
             seconds. A reader that takes nothing for 5 seconds is cut with 3008 and may resume.",
        )
        .parameter("ticket", Type::String, "From `POST /v1/feed/tickets`.")
        .answers_empty(101, "The WebSocket is open.")
        .refuses(&[Code::Unauthenticated, Code::BadHeader, Code::ValidationFailed])
}

/// Opens a feed. With an Authorization header or a ticket that is checked at once; otherwise a token comes in the first
/// frame.
async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    open(app, request).unwrap_or_else(IntoResponse::into_response)
}

fn open(app: Arc<App>, mut request: Request) -> Result<Response, Problem> {
    let caller = caller(&app, &request)?;
    let response = create_response_with_body(&request, Body::empty)
        .map_err(|fault| Problem::new(Code::BadHeader).detail(fault.to_string()))?;
    let upgrade = request
        .extensions_mut()
        .remove::<OnUpgrade>()
        .ok_or_else(|| Problem::new(Code::BadHeader).detail("this connection cannot become a WebSocket"))?;
    // A socket counts as a connection for as long as it lives.
    let place = request.extensions_mut().remove::<Place>();
    drop(request);
    let live = app.live.clone();
    live.track(async move {
        if let Some((stream, read)) = take_over(upgrade).await {
            serve(app, stream, read, caller).await;
        }
        drop(place);
    });
    Ok(response)
}

/// Who asks, if the request says so already.
fn caller(app: &App, request: &Request) -> Result<Option<Caller>, Problem> {
    let mut query = QueryString::of(request.uri())?;
    let ticket = query.text("ticket");
    query.done()?;
    caller_of(app, request, ticket)
}

/// Who asks, by the header or by a ticket; none without either.
///
/// # Errors
/// [`Code::Unauthenticated`] when the token or the ticket is not valid.
pub fn caller_of(app: &App, request: &Request, ticket: Option<String>) -> Result<Option<Caller>, Problem> {
    if request.headers().contains_key(AUTHORIZATION) {
        return of_request(app, request.extensions(), request.headers()).map(Some);
    }
    let Some(ticket) = ticket else { return Ok(None) };
    let token = app.live.tickets().take(&ticket, app.clock.now());
    let caller = token.and_then(|token| from_token(app, &token).ok());
    caller.map(Some).ok_or_else(|| unauthenticated().detail("the ticket is not valid"))
}

/// The connection itself, without the buffers that HTTP had for it, and what was read of it already.
async fn take_over(upgrade: OnUpgrade) -> Option<(TcpStream, Vec<u8>)> {
    match upgrade.await.map(hyper::upgrade::Upgraded::downcast::<TokioIo<Conduit>>) {
        Ok(Ok(parts)) => Some((parts.io.into_inner().into_stream(), parts.read_buf.to_vec())),
        Ok(Err(_)) => {
            tracing::error!("a feed was opened over something that is no TCP connection");
            None
        }
        Err(fault) => {
            tracing::debug!(error = %fault, "a feed was not opened");
            None
        }
    }
}
