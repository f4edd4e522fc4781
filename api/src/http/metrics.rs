//! `GET /metrics`: what Prometheus collects. Labels are names of routes, projections and the like: nobody's data.

use crate::http::operation::{Access, Kind, Method, Route};
use crate::telemetry;
use http::header::CONTENT_TYPE;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/metrics", "Metrics", handle)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Gives the process's metrics in the text format of Prometheus.")
        .answers_text(200, "text/plain", "The metrics.")
}

async fn handle() -> ([(http::HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, TEXT)], telemetry::recorder().render())
}
