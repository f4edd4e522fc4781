//! `GET /v1/me/settings`: what the caller chose.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::account::Settings;
use axum::extract::State;
use axum::response::Response;
use projections::projection::ACCOUNTS;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/me/settings", "Settings", handle)
        .summary("Shows the caller's settings.")
        .answers::<Settings>(200, "The settings.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    question.query.done()?;
    question.wait(&app, ACCOUNTS).await?;
    let answer = app.projections.accounts().settings(question.caller.account).await?;
    let view = answer.value.ok_or_else(|| missing(answer.position))?;
    let tag = etag(Some(view.revision));
    found_tagged(&app, answer.position, tag, &Settings::from(view))
}
