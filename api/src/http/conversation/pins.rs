//! `GET /v1/conversations/{id}/pins`: the pinned messages of a conversation.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::Pin;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/pins", "Pins", handle)
        .summary("Lists the pinned messages of a conversation, the newest pin first. There are at most 50.")
        .answers::<Page<Pin>>(200, "All pins, on one page.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().pins(question.caller.account, id).await?;
    let pins = answer.value.ok_or_else(|| missing(answer.position))?;
    found(&app, answer.position, &Page::new(pins.into_iter().map(Pin::from).collect(), None))
}
