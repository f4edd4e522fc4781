//! `GET /v1/accounts/{id}/stories`: what one author shows.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::page::Page;
use crate::wire::story::Story;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{AccountId, Position};
use projections::projection::STORIES;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/stories", "Shelf", handle)
        .summary("Lists the stories of an author that the caller may see, newest first.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<Story>>(200, "A page of stories.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let author = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let list = list(author);
    let cursors = question.cursors(&app, &list);
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.map(Position);
    question.wait(&app, STORIES).await?;
    let viewer = question.caller.account;
    let answer = app.projections.stories().of_author(viewer, author, app.clock.now(), before, limit).await?;
    let next = answer.value.next.map(|next| cursors.make(&next.0.to_be_bytes()));
    let items = answer.value.stories.into_iter().map(|view| Story::seen_by(viewer, view)).collect();
    found(&app, answer.position, &Page::new(items, next))
}

/// What cursors of an author's shelf are bound to. The feed of stories makes them, too.
pub fn list(author: AccountId) -> String {
    format!("shelf {author}")
}
