//! `GET /v1/conversations/{id}/metadata`: a conversation in four figures.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Metadata;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/metadata", "Metadata", handle)
        .summary(
            "Tells how many are in a conversation, how much was said, when it began and when last something was said.",
        )
        .description("Who left is told how it was then.")
        .answers::<Metadata>(200, "The figures.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().conversation(question.caller.account, id).await?;
    let view = answer.value.ok_or_else(|| missing(answer.position))?;
    found(&app, answer.position, &Metadata::from(&view))
}
