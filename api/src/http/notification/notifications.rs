//! `GET /v1/notifications`: what the caller was notified of, the newest first.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::notification::Notification;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::ids::Position;
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/notifications", "Notifications", handle)
        .summary("Lists the caller's notifications, the newest first.")
        .description(
            "Mentions, replies, reactions to own messages, and additions to a group, as `notify` and `muted` of the \
             conversation let them through; nothing of what one did oneself, nor of what was imported, nor of somebody from \
             whom a block parts the caller. The newest 1,000 are kept. One goes when the message is deleted, the reaction \
             is taken back, the caller leaves, or whoever caused it is erased or blocked by the caller.",
        )
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<Notification>>(200, "A page of notifications.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let cursors = question.cursors(&app, "notifications");
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.map(Position);
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.notifications().page(question.caller.account, before, limit).await?;
    let last = answer.value.items.last().filter(|_| answer.value.has_more);
    let next = last.map(|last| cursors.make(&last.position.0.to_be_bytes()));
    let items = answer.value.items.into_iter().map(Notification::from).collect();
    found(&app, answer.position, &Page::new(items, next))
}
