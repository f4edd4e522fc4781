//! `GET /v1/notifications/count`: how many of the caller's notifications are not read.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::notification::NotificationCount;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/notifications/count", "NotificationCount", handle)
        .summary("Counts the caller's notifications that are not read.")
        .answers::<NotificationCount>(200, "The count.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let unread = app.projections.notifications().unread(question.caller.account).await?;
    found(&app, unread.position, &NotificationCount { unread: unread.value })
}
