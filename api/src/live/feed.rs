//! `GET /v1/feed`: becomes a WebSocket.

use crate::app::App;
use crate::auth::caller::from_headers;
use crate::live::socket::serve;
use crate::problem::{Code, Problem};
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use domain::limits::FRAME_IN_MAX_BYTES;
use http::header::AUTHORIZATION;
use std::sync::Arc;

/// Bytes of a socket's buffer for what comes. The library's default is 128 KiB, for each socket.
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Bytes that are gathered before they are written.
const WRITE_BUFFER_BYTES: usize = 8 << 10;

/// Opens a feed. With an Authorization header the token is checked at once; otherwise it comes in the first frame.
pub async fn feed(State(app): State<Arc<App>>, request: Request) -> Response {
    open(app, request).await.unwrap_or_else(IntoResponse::into_response)
}

async fn open(app: Arc<App>, request: Request) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let caller = if parts.headers.contains_key(AUTHORIZATION) {
        Some(from_headers(&app, &parts.headers)?)
    } else if parts.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with("ticket="))) {
        // Tickets are not issued yet, so none is valid.
        return Err(Problem::new(Code::Unauthenticated).detail("the ticket is not valid"));
    } else {
        None
    };
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|rejection| Problem::new(Code::BadHeader).detail(rejection.body_text()))?;
    Ok(upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(FRAME_IN_MAX_BYTES)
        .max_frame_size(FRAME_IN_MAX_BYTES)
        .on_failed_upgrade(|fault| tracing::debug!(error = %fault, "a feed was not opened"))
        .on_upgrade(move |socket| serve(app, socket, caller)))
}
