//! `[log]`: where history is kept.

use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// What holds it. Only `embedded` in this version.
    pub backend: String,
    /// Where; `DATA/log` by default.
    pub directory: Option<PathBuf>,
}

impl Default for Log {
    fn default() -> Self {
        Self { backend: "embedded".into(), directory: None }
    }
}

impl Log {
    /// Where the log is, for this data directory.
    pub fn directory(&self, data: &Path) -> PathBuf {
        self.directory.clone().unwrap_or_else(|| data.join("log"))
    }

    pub(super) fn check(&self) -> Result<(), String> {
        match self.backend.as_str() {
            "embedded" => Ok(()),
            "kurrentdb" => Err("bad value for `log.backend`: kurrentdb is not available in this version".into()),
            _ => Err("bad value for `log.backend`: must be embedded".into()),
        }
    }
}
