//! `GET /v1/me`: the caller's own account.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::account::Account;
use axum::extract::State;
use axum::response::Response;
use projections::projection::ACCOUNTS;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/me", "Me", handle)
        .summary("Shows the caller's own account.")
        .answers::<Account>(200, "The account.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    question.query.done()?;
    question.wait(&app, ACCOUNTS).await?;
    let answer = app.projections.accounts().get(question.caller.account).await?;
    let view = answer.value.ok_or_else(|| missing(answer.position))?;
    let tag = etag(Some(view.revision));
    found_tagged(&app, answer.position, tag, &Account::from(view))
}
