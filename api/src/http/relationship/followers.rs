//! `GET /v1/accounts/{id}/followers` and `…/following`: who follows whom. As public as a profile.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::relationship::People;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{AccountId, Position};
use projections::projection::{ACCOUNTS, STORIES};
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route of followers.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/followers", "Followers", followers)
        .summary("Lists who follows an account, the newest first, and says how many.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<People>(200, "A page of followers.")
        .refuses(&[Code::NotFound, Code::BadCursor])
}

/// The route of followed accounts.
pub fn route_following() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/following", "Following", following)
        .summary("Lists whom an account follows, the newest first, and says how many.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<People>(200, "A page of accounts.")
        .refuses(&[Code::NotFound, Code::BadCursor])
}

async fn followers(State(app): State<Arc<App>>, question: Question) -> Result<Response, Problem> {
    list(&app, question, false).await
}

async fn following(State(app): State<Arc<App>>, question: Question) -> Result<Response, Problem> {
    list(&app, question, true).await
}

async fn list(app: &App, mut question: Question, is_following: bool) -> Result<Response, Problem> {
    let account: AccountId = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let list = if is_following { format!("following {account}") } else { format!("followers {account}") };
    let cursors = question.cursors(app, &list);
    let before = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.map(Position);
    question.wait(app, ACCOUNTS).await?;
    question.wait(app, STORIES).await?;
    let existing = app.projections.accounts().existing(&[account]).await?;
    if existing.value.is_empty() {
        return Err(missing(existing.position));
    }
    let circles = app.projections.circles();
    let answer = match is_following {
        true => circles.following(account, before, limit).await?,
        false => circles.followers(account, before, limit).await?,
    };
    found(app, answer.position, &People::page(answer.value, &cursors))
}
