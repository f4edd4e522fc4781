//! What a job does, and how it ends.

use serde::Serialize;

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Builds projections again.
    Rebuild,
}

impl JobKind {
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            JobKind::Rebuild => "rebuild",
        }
    }
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JobOutcome {
    /// It did everything.
    Done,
    /// It did not.
    Failed,
}
