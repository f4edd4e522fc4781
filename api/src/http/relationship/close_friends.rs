//! `GET /v1/accounts/{id}/close-friends`: an owner's list of close friends.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::relationship::People;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{AccountId, Position};
use projections::projection::STORIES;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/close-friends", "CloseFriends", handle)
        .summary("Lists the caller's close friends, the newest first. Nobody else's list is shown to anybody.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<People>(200, "A page of close friends.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let owner: AccountId = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    if owner != question.caller.account {
        return Err(Problem::new(Code::NotPermitted));
    }
    let cursors = question.cursors(&app, "close friends");
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?;
    question.wait(&app, STORIES).await?;
    let answer = app.projections.circles().close_friends(owner, before.map(Position), limit).await?;
    found(&app, answer.position, &People::page(answer.value, &cursors))
}
