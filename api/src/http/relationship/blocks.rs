//! `GET /v1/me/blocks`: whom the caller keeps away.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::relationship::People;
use axum::extract::State;
use axum::response::Response;
use domain::ids::Position;
use projections::projection::STORIES;
use projections::relationship::circles::Kept;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/me/blocks", "Blocks", handle)
        .summary("Lists whom the caller blocks, the newest first, and says how many.")
        .parameter(
            "relation",
            Type::String,
            "`blocked`, the default; `story_muted`: whose stories the caller left out; `story_hidden`: whom the caller's are \
             hidden from.",
        )
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<People>(200, "A page of accounts.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let kept = question.query.parsed("relation", kept, "must be blocked, story_muted or story_hidden");
    let kept = kept.unwrap_or(Kept::Blocked);
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let list = format!("kept away {kept:?}");
    let cursors = question.cursors(&app, &list);
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?;
    question.wait(&app, STORIES).await?;
    let owner = question.caller.account;
    let answer = app.projections.circles().kept_away(kept, owner, before.map(Position), limit).await?;
    found(&app, answer.position, &People::page(answer.value, &cursors))
}

fn kept(relation: &str) -> Option<Kept> {
    match relation {
        "blocked" => Some(Kept::Blocked),
        "story_muted" => Some(Kept::StoryMuted),
        "story_hidden" => Some(Kept::StoryHidden),
        _ => None,
    }
}
