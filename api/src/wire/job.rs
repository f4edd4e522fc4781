//! Jobs as administrators see them.

use crate::app::jobs::Job;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{JobId, Position};
use domain::job::values::JobOutcome;
use domain::recorded::Recorded;
use projections::rebuild::{Comparison, Rebuilt};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Long work.
#[derive(Serialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    id: JobId,
    /// What it does: `rebuild`.
    kind: &'static str,
    /// `running`, `done`, `failed`, or `interrupted` when its process ended before it did.
    state: &'static str,
    /// What it is about.
    projections: Vec<String>,
    /// How far it is; null where another process knows.
    progress: Option<JobProgress>,
    /// When it started.
    #[schema(value_type = String, format = DateTime)]
    started_at: Time,
    /// When it ended; null until then.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Time>,
    /// What came of each projection; null until it ended, and where another process knows.
    outcome: Option<Vec<RebuiltView>>,
    /// Why the work was given up.
    fault: Option<String>,
}

/// How far a job is.
#[derive(Serialize, ToSchema)]
pub struct JobProgress {
    /// So much is done.
    done: u64,
    /// Of so much, as far as is known.
    total: u64,
    /// What is counted: `events`, each once for each projection.
    unit: &'static str,
}

/// What came of rebuilding one projection.
#[derive(Serialize, ToSchema)]
#[schema(as = Rebuilt)]
pub struct RebuiltView {
    /// Which.
    pub projection: &'static str,
    /// Where its new rows stood in the end.
    #[schema(value_type = String)]
    pub position: Position,
    /// `equal`, `differs` or `impossible`: the new rows beside those served at the same position.
    pub comparison: &'static str,
    /// Why nothing was compared.
    pub reason: Option<String>,
    /// Whether the new rows are served.
    pub switched: bool,
}

impl RebuiltView {
    /// What is shown of it.
    pub fn of(rebuilt: &Rebuilt) -> Self {
        let (comparison, reason) = match &rebuilt.comparison {
            Comparison::Equal(_) => ("equal", None),
            Comparison::Differs(_) => ("differs", None),
            Comparison::Impossible(reason) => ("impossible", Some(reason.clone())),
        };
        Self { projection: rebuilt.name, position: rebuilt.position, comparison, reason, switched: rebuilt.is_switched }
    }
}

const fn ended(outcome: JobOutcome) -> &'static str {
    match outcome {
        JobOutcome::Done => "done",
        JobOutcome::Failed => "failed",
    }
}

impl JobView {
    /// A job of this process, recorded at this time.
    pub fn of(job: &Job, started_at: Time) -> Self {
        let (progress, end) = (*job.progress.borrow(), job.ended.borrow().clone());
        let (outcome, fault) = match end.as_ref().map(|end| &end.result) {
            Some(Ok(all)) => (Some(all.iter().map(RebuiltView::of).collect()), None),
            Some(Err(fault)) => (None, Some(fault.clone())),
            None => (None, None),
        };
        Self {
            id: job.id,
            kind: "rebuild",
            state: end.as_ref().map_or("running", |end| ended(end.outcome)),
            projections: job.projections.iter().map(|name| (*name).to_owned()).collect(),
            progress: Some(JobProgress { done: progress.done_events, total: progress.total_events, unit: "events" }),
            started_at,
            finished_at: end.map(|end| end.at),
            outcome,
            fault,
        }
    }

    /// The same job, if it is of this process.
    pub fn or_of(self, job: Option<&Job>) -> Self {
        match job {
            Some(job) => Self::of(job, self.started_at),
            None => self,
        }
    }

    /// What the log says of a job; none when these are not its events.
    pub fn recorded(events: &[Arc<Recorded>]) -> Option<Self> {
        let (first, last) = (events.first()?, events.last()?);
        let Event::JobStarted(started) = &first.event else { return None };
        let end = match &last.event {
            Event::JobEnded(end) => Some((end.outcome, last.recorded_at)),
            _ => None,
        };
        Some(Self {
            id: started.job,
            kind: started.kind.as_str(),
            state: end.map_or("interrupted", |(outcome, _)| ended(outcome)),
            projections: started.projections.clone(),
            progress: None,
            started_at: first.recorded_at,
            finished_at: end.map(|(_, at)| at),
            outcome: None,
            fault: None,
        })
    }
}
