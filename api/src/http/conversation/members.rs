//! `GET /v1/conversations/{id}/members`: who is in a conversation, the longest members first.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Member;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{ConversationId, Position};
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/members", "Members", handle)
        .summary("Lists the members of a conversation, the longest first.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<Member>>(200, "A page of members.")
        .refuses(&[Code::NotFound, Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id: ConversationId = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let list = format!("members {id}");
    let cursors = question.cursors(&app, &list);
    let after = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?;
    let after = after.map_or(Position::START, Position);
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().members(question.caller.account, id, after, limit).await?;
    let page = answer.value.ok_or_else(|| missing(answer.position))?;
    let last = page.items.last().filter(|_| page.has_more);
    let next = last.map(|last| cursors.make(&last.cursor.0.to_be_bytes()));
    found(&app, answer.position, &Page::new(page.items.iter().map(Member::from).collect(), next))
}
