//! `GET /v1/stories/feed`: what the caller's circle shows, grouped by author.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::http::story::shelf;
use crate::problem::{Code, Problem};
use crate::wire::page::Page;
use crate::wire::story::{AuthorStories, Story};
use axum::extract::State;
use axum::response::Response;
use domain::ids::Position;
use projections::projection::STORIES;
use projections::story::shown::FeedPlace;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/stories/feed", "StoryFeed", handle)
        .summary("Lists the stories of the caller, of whom they follow and of whose close friend they are, grouped by author.")
        .description(
            "Authors with something unseen come first, then those with the newest story. Of each author it shows the \
             20 newest; `next_cursor` of an author goes on at `GET /v1/accounts/{id}/stories`. An author whose \
             stories are seen between two pages may come once more.",
        )
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "Authors: 1 to 100; 50 when it is not sent.")
        .answers::<Page<AuthorStories>>(200, "A page of authors with their stories.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let cursors = question.cursors(&app, "story feed");
    let after = cursor.map(|cursor| cursors.open(&cursor).map(place)).transpose()?;
    question.wait(&app, STORIES).await?;
    let (viewer, now) = (question.caller.account, app.clock.now());
    let answer = app.projections.stories().feed(viewer, now, after, limit).await?;
    let authors = answer.value.authors.into_iter().map(|of| {
        let list = shelf::list(of.author);
        let next_cursor = of.shelf.next.map(|next| question.cursors(&app, &list).make(&next.0.to_be_bytes()));
        let stories = of.shelf.stories.into_iter().map(|view| Story::seen_by(viewer, view)).collect();
        AuthorStories { author_id: of.author, stories, has_more: next_cursor.is_some(), next_cursor }
    });
    let next = answer.value.next.map(|next| cursors.make(&bytes(next)));
    found(&app, answer.position, &Page::new(authors.collect(), next))
}

fn bytes(place: FeedPlace) -> [u8; 9] {
    let mut bytes = [u8::from(place.is_seen); 9];
    bytes[1..].copy_from_slice(&place.newest.0.to_be_bytes());
    bytes
}

fn place(bytes: [u8; 9]) -> FeedPlace {
    let [seen, newest @ ..] = bytes;
    FeedPlace { is_seen: seen != 0, newest: Position(u64::from_be_bytes(newest)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_bytes() {
        for is_seen in [false, true] {
            let there = FeedPlace { is_seen, newest: Position(77) };
            assert_eq!(place(bytes(there)), there);
        }
    }
}
