//! `POST /v1/feed/tickets`: a ticket to open the feed with.

use crate::app::App;
use crate::auth::caller::{bearer, of_request};
use crate::auth::rates::Limited;
use crate::auth::token::unauthenticated;
use crate::http::operation::{Kind, Method, Route};
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::{Request, State};
use domain::limits::TICKET_LIFE_SECONDS;
use http::{StatusCode, header};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// A ticket.
#[derive(Serialize, ToSchema)]
pub struct Ticket {
    /// Stands in `GET /v1/feed?ticket=…`, once.
    ticket: String,
    /// Seconds that it can be used.
    expires_in: i64,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/feed/tickets", "IssueTicket", handle)
        .kind(Kind::Service)
        .limited(Limited::Ticket)
        .summary("Gives a ticket to open the feed with, for clients that cannot send a header with a WebSocket.")
        .description(
            "It works once, within 30 seconds, on the server that gave it, and only while the session of the token \
             that it was taken with lasts. A token itself never stands in an address.",
        )
        .answers::<Ticket>(201, "The ticket.")
        .refuses(&[Code::RateLimited])
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Result<(StatusCode, Json<Ticket>), Problem> {
    of_request(&app, request.extensions(), request.headers())?;
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(bearer).ok_or_else(unauthenticated)?;
    let ticket = app.live.tickets().give(token.to_owned(), app.clock.now())?;
    Ok((StatusCode::CREATED, Json(Ticket { ticket, expires_in: TICKET_LIFE_SECONDS })))
}
