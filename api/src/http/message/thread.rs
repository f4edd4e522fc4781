//! `GET /v1/messages/{id}/thread`: the replies to a message.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::message::timeline::window;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::{Message, Timeline};
use axum::extract::State;
use axum::response::Response;
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/messages/{id}/thread", "Thread", handle)
        .summary("Shows a part of the replies to a message, ascending: the newest page, or what stands before, after or around.")
        .description("The message itself is not among them. A deleted message keeps its replies, and a deleted reply its place.")
        .parameter("before", Type::Integer, "Replies right before this `seq`.")
        .parameter("after", Type::Integer, "Replies right after this `seq`; 0 for the first.")
        .parameter("around", Type::Integer, "Replies around this `seq`.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Timeline>(200, "A part of the thread.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    let (window, limit) = (window(&mut question.query), question.query.limit());
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().thread(question.caller.account, id, window, limit).await?;
    let page = answer.value.ok_or_else(|| missing(answer.position))?;
    let thread = Timeline {
        items: page.items.into_iter().map(Message::from).collect(),
        found_oldest: page.found_oldest,
        found_newest: page.found_newest,
    };
    found(&app, answer.position, &thread)
}
