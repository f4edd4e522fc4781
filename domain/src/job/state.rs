//! What deciding needs to know of a job.

use crate::event::Event;
use crate::job::values::JobOutcome;

/// The state of `job-<id>`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Job {
    /// Never started.
    #[default]
    Unknown,
    /// Started.
    Started,
    /// Over.
    Ended(JobOutcome),
}

impl Job {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::JobStarted(_) => *self = Job::Started,
            Event::JobEnded(e) => *self = Job::Ended(e.outcome),
            _ => {}
        }
    }
}
