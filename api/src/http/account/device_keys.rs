//! `GET /v1/accounts/{id}/keys`: the keys of an account's devices.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers::etag;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::Problem;
use crate::wire::account::DeviceKey;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use projections::projection::ACCOUNTS;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/accounts/{id}/keys", "DeviceKeys", handle)
        .summary("Lists the keys of an account's devices, the newest last.")
        .description(
            "All on one page: an account has at most 32. The entity tag changes whenever they do. Who encrypts for \
             somebody asks for their keys first: `device_key.changed` comes only to whoever sees the account's profile.",
        )
        .answers::<Page<DeviceKey>>(200, "The keys.")
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, ACCOUNTS).await?;
    let answer = app.projections.accounts().device_keys(id).await?;
    let keys = answer.value.ok_or_else(|| missing(answer.position))?;
    let tag = etag(keys.revision);
    let items = keys.items.into_iter().map(DeviceKey::from).collect();
    found_tagged(&app, answer.position, tag, &Page::new(items, None))
}
