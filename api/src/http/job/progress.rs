//! `GET /v1/admin/jobs/{id}`: how far a job is, and how it ended.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Access, Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::job::JobView;
use axum::extract::State;
use axum::response::Response;
use domain::account::values::Role;
use domain::ids::JobId;
use domain::source::Direction;
use domain::stream::StreamName;
use std::sync::Arc;

/// Events that a job has, at most.
const JOB_EVENTS: usize = 2;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/admin/jobs/{id}", "Job", handle)
        .access(Access::Admins)
        .summary("Tells how far a job is, and how it ended.")
        .description(
            "Jobs are of the process that carries them out: any other, and a later start, knows only that a job \
             started and how it ended. One that did not end is `interrupted` there.",
        )
        .answers::<JobView>(200, "The job.")
        .refuses(&[Code::RoleRequired, Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    app.roles.require(&question.caller, &[Role::Admin]).await?;
    let id = question.path.id("id")?;
    question.query.done()?;
    let head = app.log.head();
    let view = view(&app, id).await?.ok_or_else(|| missing(head))?;
    found(&app, head, &view)
}

/// A job of this process, or what the log says of it.
///
/// # Errors
/// When the log cannot be read.
pub async fn view(app: &App, id: JobId) -> Result<Option<JobView>, Problem> {
    let slice = app.log.read_stream(&StreamName::job(id), 0, Direction::Forward, JOB_EVENTS).await?;
    // After the log: a job of this process is known here before it stands there.
    Ok(JobView::recorded(&slice.events).map(|view| view.or_of(app.jobs.find(id).as_deref())))
}
