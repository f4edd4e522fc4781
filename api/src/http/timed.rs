//! How long the stages of a command took: in its answer's header `Server-Timing`, and as the root of its trace.

use crate::app::App;
use crate::http::answer::set;
use axum::response::Response;
use commands::execute::Stages;
use http::HeaderName;
use std::time::{Duration, Instant};
use uuid::Uuid;

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// A command that came over HTTP, timed from then on.
pub struct Timed {
    name: &'static str,
    arrived: Instant,
    read: Duration,
}

impl Timed {
    /// It arrives. The name is its operation's.
    pub fn begin(name: &'static str) -> Self {
        Self { name, arrived: Instant::now(), read: Duration::ZERO }
    }

    /// All of the request has come and is understood.
    pub fn has_read(&mut self) {
        self.read = self.arrived.elapsed();
    }

    /// It is done, with so many events: says so.
    pub fn tell(self, app: &App, correlation: Uuid, response: &mut Response, stages: &Stages, events: usize) {
        let total = self.arrived.elapsed();
        set(response, SERVER_TIMING, &timing(self.read, stages, total));
        app.traces.request(correlation, self.name, self.read, (stages, events), total);
    }
}

/// Milliseconds of each stage, as browsers show them.
fn timing(read: Duration, stages: &Stages, total: Duration) -> String {
    let all = [
        ("read", read),
        ("wait", stages.wait),
        ("load", stages.load),
        ("decide", stages.decide),
        ("append", stages.append),
        ("total", total),
    ];
    let mut text = String::with_capacity(128);
    for (name, took) in all {
        let micros = took.as_micros();
        let (whole, rest) = (micros / 1000, micros % 1000);
        let comma = if text.is_empty() { "" } else { ", " };
        let written = std::fmt::Write::write_fmt(&mut text, format_args!("{comma}{name};dur={whole}.{rest:03}"));
        debug_assert!(written.is_ok(), "a string takes everything");
    }
    text
}
