//! `GET /v1/messages/{id}/reactions`: who reacted to a message with what.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::Reactions;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/messages/{id}/reactions", "Reactions", handle)
        .summary("Lists who reacted to a message with what.")
        .answers_list_of::<Reactions>(200, "Each emoji with whoever gave it.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().reactions(question.caller.account, id).await?;
    let reactions = answer.value.ok_or_else(|| missing(answer.position))?.into_iter().map(Reactions::from);
    found(&app, answer.position, &reactions.collect::<Vec<_>>())
}
