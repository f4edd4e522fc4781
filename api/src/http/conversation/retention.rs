//! `GET /v1/conversations/{id}/retention`: for how long messages are kept.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Retention;
use axum::extract::State;
use axum::response::Response;
use domain::account::values::Role;
use projections::projection::MESSAGING;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/retention", "Retention", handle)
        .summary("Shows for how long a conversation keeps its messages: its members, and administrators.")
        .answers::<Retention>(200, "For how long.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let (account, messaging) = (question.caller.account, app.projections.messaging());
    let mut answer = messaging.retention(account, id).await?;
    if answer.value.is_none() && app.roles.of(account).await? == Role::Admin {
        answer = messaging.retention_of_any(id).await?;
    }
    let days = answer.value.ok_or_else(|| missing(answer.position))?;
    found(&app, answer.position, &Retention { days })
}
