//! `[telemetry]`: what log lines look like.

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

/// Log lines.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telemetry {
    /// Their form.
    pub format: Format,
    /// How much is said: `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,store=debug`.
    pub level: String,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { format: Format::Auto, level: "info".into() }
    }
}

impl Telemetry {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.level.contains("tungstenite") {
            return Err("bad value for `telemetry.level`: tungstenite's lines hold what people write".into());
        }
        EnvFilter::try_new(&self.level).map(drop).map_err(|fault| format!("bad value for `telemetry.level`: {fault}"))
    }
}
