//! `GET /v1/stories/{id}`: one story.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::story::Story;
use axum::extract::State;
use axum::response::Response;
use projections::projection::STORIES;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/stories/{id}", "Story", handle)
        .summary("Shows a story, if the caller may see it. This is no view.")
        .answers::<Story>(200, "The story.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, STORIES).await?;
    let viewer = question.caller.account;
    let answer = app.projections.stories().story(viewer, id, app.clock.now()).await?;
    let view = answer.value.ok_or_else(|| missing(answer.position))?;
    let tag = headers::etag(Some(view.revision));
    found_tagged(&app, answer.position, tag, &Story::seen_by(viewer, view))
}
