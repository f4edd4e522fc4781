//! `[telemetry]`: what log lines look like, and where traces go.

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Readable on a terminal, JSON elsewhere.
    #[default]
    Auto,
    /// Readable.
    Human,
    /// One JSON object a line.
    Json,
}

/// Log lines and traces.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Their form.
    pub format: Format,
    /// How much is said: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,store=debug`.
    pub level: String,
    /// Where an OpenTelemetry collector takes traces over HTTP, such as `http://127.0.0.1:4318`. None are made without.
    pub otlp_endpoint: Option<String>,
    /// The share of requests that are traced, from 0 to 1; 0.01 by default. A traced message costs about ten spans.
    pub trace_share: f64,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: Format::Auto, level: "info".into(), otlp_endpoint: None, trace_share: 0.01 }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.level.contains("tungstenite") {
            return Err("bad value for `telemetry.level`: tungstenite's lines hold what people write".into());
        }
        if let Some(endpoint) = &self.otlp_endpoint
            && !endpoint.parse::<http::Uri>().is_ok_and(|uri| uri.scheme_str() == Some("http") && uri.host().is_some())
        {
            return Err("bad value for `telemetry.otlp_endpoint`: must be an address that starts with http://".into());
        }
        if !(0.0..=1.0).contains(&self.trace_share) {
            return Err("bad value for `telemetry.trace_share`: must be from 0 to 1".into());
        }
        EnvFilter::try_new(&self.level).map(drop).map_err(|fault| format!("bad value for `telemetry.level`: {fault}"))
    }
}
