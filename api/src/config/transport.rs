//! `[transport]`: how events get from the log to projections and feeds.

use serde::Deserialize;

/// How events travel.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Transport {
    /// `local` (inside this process) or `nats://…`.
    pub url: String,
}

impl Default for Transport {
    fn default() -> Self {
        Self { url: "local".into() }
    }
}

impl Transport {
    /// The NATS server's address, if events go over one.
    pub fn nats(&self) -> Option<&str> {
        (self.url != "local").then_some(self.url.as_str())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if self.url == "local" || self.url.starts_with("nats://") || self.url.starts_with("tls://") {
            Ok(())
        } else {
            Err("bad value for `transport.url`: must be local, nats://… or tls://…".into())
        }
    }
}
