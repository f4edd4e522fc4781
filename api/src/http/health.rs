//! `GET /healthz` and `GET /readyz`: whether the process lives, and whether it can do its work.

use crate::app::App;
use crate::http::operation::{Access, Kind, Method, Route};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::ids::{LogId, Position};
use http::StatusCode;
use projections::wait;
use serde::Serialize;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a dependency may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The process answers.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the server can do its work.
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    /// `ready` or `not_ready`.
    status: &'static str,
    /// The log.
    log: LogHealth,
    /// Each projection.
    projections: Vec<ProjectionHealth>,
    /// What else is needed.
    dependencies: Vec<Dependency>,
}

/// Which log, and how far it is.
#[derive(Serialize, ToSchema)]
pub struct LogHealth {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    log_id: LogId,
    /// Its last event.
    #[schema(value_type = String)]
    position: Position,
}

/// How far a projection is.
#[derive(Serialize, ToSchema)]
pub struct ProjectionHealth {
    /// Which.
    name: &'static str,
    /// The last event that it has applied.
    #[schema(value_type = String)]
    position: Position,
    /// `running`, `retrying`, `building` or `stopped`. Only the shell says why: `tidings doctor`.
    state: &'static str,
    /// How many events it is behind.
    lag_events: u64,
}

/// Something that the server needs.
#[derive(Serialize, ToSchema)]
pub struct Dependency {
    /// `database` (of the read models), `keys` (their store) or `nats`.
    name: &'static str,
    /// `up` or `down`.
    status: &'static str,
}

/// The route of `/healthz`.
pub fn healthz() -> Route {
    Route::new(Method::Get, "/healthz", "Health", health)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Tells that the process lives.")
        .answers::<Health>(200, "It does.")
}

async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// The route of `/readyz`.
pub fn readyz() -> Route {
    Route::new(Method::Get, "/readyz", "Readiness", readiness)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Tells whether the server can do its work: each dependency, each projection with its lag.")
        .description("Without NATS projections are late and nothing else: that alone is no reason for 503.")
        .answers::<Readiness>(200, "It can.")
        .answers::<Readiness>(503, "Something is missing.")
}

async fn readiness(State(app): State<Arc<App>>) -> Response {
    let head = app.log.head();
    let statuses = app.statuses();
    let (database, keys) = futures_util::future::join(answers(app.projections.ping()), answers(app.vault.ping())).await;
    let is_running = database && keys && statuses.iter().all(|status| status.state == wait::State::Running);
    let projections = statuses.iter().map(|status| ProjectionHealth {
        name: status.name,
        position: status.position,
        state: match status.state {
            wait::State::Running => "running",
            wait::State::Retrying(_) => "retrying",
            wait::State::Building => "building",
            wait::State::Stopped(_) => "stopped",
        },
        lag_events: status.lag_events(head),
    });
    let dependency = |name, is_up| Dependency { name, status: if is_up { "up" } else { "down" } };
    let mut dependencies = vec![dependency("database", database), dependency("keys", keys)];
    dependencies.extend(app.nats.iter().map(|nats| dependency("nats", nats.is_connected())));
    let readiness = Readiness {
        status: if is_running { "ready" } else { "not_ready" },
        log: LogHealth { log_id: app.log_id, position: head },
        projections: projections.collect(),
        dependencies,
    };
    let status = if is_running { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// Whether a dependency answers, and in time.
async fn answers<E>(ping: impl Future<Output = Result<(), E>>) -> bool {
    matches!(tokio::time::timeout(ANSWER_LIMIT, ping).await, Ok(Ok(())))
}
