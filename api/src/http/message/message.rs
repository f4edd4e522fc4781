//! `GET /v1/messages/{id}`: one message.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/messages/{id}", "Message", handle)
        .summary("Shows a message.")
        .answers::<Message>(200, "The message.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().message(question.caller.account, id).await?;
    let view = answer.value.ok_or_else(|| missing(&app, answer.position))?;
    let tag = etag(view.revision);
    found_tagged(&app, answer.position, tag, &Message::from(view))
}
