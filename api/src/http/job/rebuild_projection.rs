//! `POST /v1/admin/projections/{name}/rebuild`: builds a projection again, beside the one that is served.

use crate::app::App;
use crate::app::jobs::{self, Asked, Job};
use crate::auth::caller;
use crate::auth::rates::Limited;
use crate::http::answer::Answer;
use crate::http::operation::{Access, Kind, Method, Route};
use crate::http::path::{Path, not_found};
use crate::http::request::RequestId;
use crate::http::timed::Timed;
use crate::http::{body, headers};
use crate::problem::{Code, Problem};
use crate::wire::job::JobView;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use bytes::Bytes;
use commands::command::{Envelope, Idempotency};
use commands::execute::Done;
use domain::account::values::Role;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::JobId;
use domain::recorded::Recorded;
use domain::values::Reason;
use http::StatusCode;
use projections::projection;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Why, and how.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RebuildProjectionBody)]
pub struct Body {
    /// Kept with the event that says that the job started.
    #[schema(min_length = 1, max_length = 512)]
    reason: String,
    /// Serve the new rows even if they differ from those served at the same position. False when it is not sent.
    #[serde(default)]
    force: bool,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/admin/projections/{name}/rebuild", "RebuildProjection", handle)
        .kind(Kind::Command)
        .access(Access::Admins)
        .limited(Limited::Command)
        .summary("Starts to build a projection again, beside the one that is served, which is replaced in one step.")
        .description(
            "The rows of both are compared at the same position first. Where they differ, what is served stays, unless \
             `force` is set. The job is of the process that answers: ask it how far the job is.",
        )
        .body::<Body>()
        .answers::<JobView>(202, "The job has started.")
        .refuses(&[Code::RoleRequired, Code::NotFound, Code::ValidationFailed, Code::Overloaded])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("RebuildProjection");
    let (mut parts, request_body) = request.into_parts();
    let caller = caller::of_request(&app, &parts.extensions, &parts.headers)?;
    app.roles.require(&caller, &[Role::Admin]).await?;
    let path = Path::of(&mut parts).await?;
    let name = path.text("name")?;
    let name = projection::rebuildable(name).ok_or_else(not_found)?;
    let key = headers::idempotency_key(&parts.headers)?;
    let Body { reason, force } = body::read_json(&parts.headers, request_body).await?;
    caller::goes_on(&app, &caller)?;
    let canonical = serde_json::to_vec(&(name, &reason, force)).map_err(|fault| Problem::internal(&fault))?;
    let reason = Reason::parse(&reason).map_err(|invalid| Problem::field("/reason", invalid.code, invalid.detail))?;
    let mut envelope = Envelope::of(caller.account, id.correlation);
    envelope.idempotency = key.map(|key| Idempotency { key, body: Bytes::from(canonical) });
    timed.has_read();
    let asked = Asked { projections: vec![name], is_forced: force, reason };
    let (job, done) = jobs::start(&app, asked, envelope).await?;
    let view = view(&app, job.as_deref(), &done).await?;
    let mut response = Answer::json(StatusCode::ACCEPTED, &view, &done)?.into_response(&app);
    timed.tell(&app, id.correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}

/// The job that has started, or the one that had been started before.
async fn view(app: &App, job: Option<&Job>, done: &Done) -> Result<JobView, Problem> {
    let (id, at) = done.events.iter().find_map(started).ok_or_else(not_found)?;
    match job {
        Some(job) => Ok(JobView::of(job, at)),
        None => super::progress::view(app, id).await?.ok_or_else(not_found),
    }
}

fn started(recorded: &Arc<Recorded>) -> Option<(JobId, Time)> {
    match &recorded.event {
        Event::JobStarted(event) => Some((event.job, recorded.recorded_at)),
        _ => None,
    }
}
