//! `GET /v1/accounts/{id}` and `GET /v1/accounts?username=`: what everybody may see of an account.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::account::Profile;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::ids::AccountId;
use projections::projection::ACCOUNTS;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route of one account.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}", "Profile", handle)
        .summary("Shows an account's public profile.")
        .answers::<Profile>(200, "The profile.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id: AccountId = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, ACCOUNTS).await?;
    let answer = app.projections.accounts().get(id).await?;
    let profile = Profile::from(answer.value.ok_or_else(|| missing(answer.position))?);
    found(&app, answer.position, &profile)
}

/// The route that finds an account by its user name.
pub fn route_by_username() -> Route {
    Route::new(Method::Get, "/v1/accounts", "ProfileByUsername", handle_by_username)
        .summary("Finds an account by its user name, ignoring case.")
        .required_parameter("username", Type::String, "The whole user name.")
        .answers::<Page<Profile>>(200, "A list with the one profile, or an empty one.")
}

async fn handle_by_username(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let username = question.query.text("username");
    if username.is_none() {
        question.query.wrong("username", "REQUIRED", "is missing");
    }
    question.query.done()?;
    question.wait(&app, ACCOUNTS).await?;
    let answer = app.projections.accounts().by_username(&username.unwrap_or_default()).await?;
    let items = answer.value.map(Profile::from).into_iter().collect();
    found(&app, answer.position, &Page::new(items, None))
}
