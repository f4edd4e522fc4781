//! `GET /v1/conversations/{id}`: one conversation.

use crate::app::App;
use crate::http::answer::{found, found_tagged, missing};
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Conversation;
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}", "Conversation", handle)
        .summary("Shows a conversation of the caller's, also one that they left.")
        .answers::<Conversation>(200, "The conversation.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().conversation(question.caller.account, id).await?;
    let view = answer.value.ok_or_else(|| missing(answer.position))?;
    // Who left is not told that something goes on.
    let tag = (!view.left).then(|| etag(Some(view.revision)));
    let conversation = Conversation::of(view, question.now);
    match tag {
        Some(tag) => found_tagged(&app, answer.position, tag, &conversation),
        None => found(&app, answer.position, &conversation),
    }
}
