//! What happens to a job. One that started and neither ended nor runs in a process was interrupted.

use crate::ids::JobId;
use crate::job::values::{JobKind, JobOutcome};
use crate::proto::account::v1::ReasonWords;
use crate::words::Field;
use serde::Serialize;

/// Somebody started long work. First event of `job-<id>`; who did it is the event's actor, none for the shell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobStarted {
    /// Which.
    pub job: JobId,
    /// What it does.
    pub kind: JobKind,
    /// The projections that it is about, by their names.
    pub projections: Vec<String>,
    /// Whether a result that differs from what is served is taken nevertheless.
    pub forced: bool,
    /// Why; the deployment's key.
    pub reason: Option<Field<ReasonWords>>,
}

/// It is over.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobEnded {
    /// How.
    pub outcome: JobOutcome,
}
