//! `GET /v1/stories/feed`: what everybody shows, grouped by author.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::page::Page;
use crate::wire::story::{AuthorStories, Story};
use axum::extract::State;
use axum::response::Response;
use domain::ids::Position;
use projections::projection::STORIES;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/stories/feed", "StoryFeed", handle)
        .summary("Lists the stories that the caller may see, grouped by author.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "Authors: 1 to 100; 50 when it is not sent.")
        .answers::<Page<AuthorStories>>(200, "A page of authors with their stories.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let cursors = question.cursors(&app, "story feed");
    let after = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?;
    question.wait(&app, STORIES).await?;
    let (viewer, now) = (question.caller.account, app.clock.now());
    let answer = app.projections.stories().feed(viewer, now, after.map(Position), limit).await?;
    let authors = answer.value.authors.into_iter().map(|of| AuthorStories {
        author_id: of.author,
        stories: of.stories.into_iter().map(|view| Story::seen_by(viewer, view)).collect(),
    });
    let next = answer.value.next.map(|next| cursors.make(&next.0.to_be_bytes()));
    found(&app, answer.position, &Page::new(authors.collect(), next))
}
