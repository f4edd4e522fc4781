//! `GET /v1/conversations/{id}/analytics/members`: how much each member says in a conversation.

use crate::app::App;
use crate::http::answer::found;
use crate::http::conversation::analytics::{member_at, range};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::MemberCount;
use axum::extract::State;
use axum::response::Response;
use domain::ids::ConversationId;
use projections::projection::{MESSAGE_COUNTS, MESSAGING};
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/analytics/members", "MemberAnalytics", handle)
        .summary("Counts the messages of each member, who sent most first; those who sent none are left out.")
        .description("At most 1,000. Who left since is among them.")
        .parameter("from", Type::String, "The first day, such as 2026-01-31; six days before the last by default.")
        .parameter("to", Type::String, "The last day; today by default.")
        .answers_list_of::<MemberCount>(200, "The counts.")
        .refuses(&[Code::NotFound, Code::NotPermitted])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id: ConversationId = question.path.id("id")?;
    let (from, to) = range(&mut question.query, question.now.to_utc().date_naive());
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    question.wait(&app, MESSAGE_COUNTS).await?;
    let seen = member_at(&app, &question, id).await?;
    let counts = app.projections.message_counts().per_member(id, from, to).await?;
    let members: Vec<MemberCount> = counts.value.into_iter().map(MemberCount::from).collect();
    found(&app, counts.position.min(seen), &members)
}
