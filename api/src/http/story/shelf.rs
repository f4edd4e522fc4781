//! `GET /v1/accounts/{id}/stories`: what one author shows.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::page::Page;
use crate::wire::story::Story;
use axum::extract::State;
use axum::response::Response;
use projections::projection::STORIES;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/stories", "Shelf", handle)
        .summary("Lists the stories of an author that the caller may see, newest first.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<Story>>(200, "The stories.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let author = question.path.id("id")?;
    let limit = question.query.limit();
    question.query.done()?;
    question.wait(&app, STORIES).await?;
    let viewer = question.caller.account;
    let answer = app.projections.stories().of_author(viewer, author, app.clock.now(), limit).await?;
    let items = answer.value.into_iter().map(|view| Story::seen_by(viewer, view)).collect();
    found(&app, answer.position, &Page::new(items, None))
}
