//! `GET /v1/stories/{id}/views`: who saw a story, for its author.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::page::Page;
use crate::wire::story::StoryViewer;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{Position, StoryId};
use projections::projection::STORIES;
use projections::story::shown::Viewers;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/stories/{id}/views", "StoryViews", handle)
        .summary("Lists who saw a story of the caller's, and when, the newest first, while the story can be seen.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<StoryViewer>>(200, "A page of viewers.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let story: StoryId = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let list = format!("views {story}");
    let cursors = question.cursors(&app, &list);
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.map(Position);
    question.wait(&app, STORIES).await?;
    let (asker, now) = (question.caller.account, app.clock.now());
    let answer = app.projections.stories().viewers(asker, story, now, before, limit).await?;
    match answer.value {
        Viewers::Unknown => Err(missing(answer.position)),
        Viewers::NotTheirs => Err(Problem::new(Code::NotPermitted)),
        Viewers::Page { viewers, has_more } => {
            let last = viewers.last().filter(|_| has_more);
            let next = last.map(|last| cursors.make(&last.position.0.to_be_bytes()));
            found(&app, answer.position, &Page::new(viewers.into_iter().map(StoryViewer::from).collect(), next))
        }
    }
}
