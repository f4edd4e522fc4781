//! `EndJob`: a job is over. Whoever carries it out says so.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use domain::ids::JobId;
use domain::job::event::JobEnded;
use domain::job::state::Job;
use domain::job::values::JobOutcome;
use domain::stream::StreamName;

/// Records how a job ended.
#[derive(Clone, Copy)]
pub struct EndJob {
    /// Which.
    pub job: JobId,
    /// How.
    pub outcome: JobOutcome,
}

impl Command for EndJob {
    fn name(&self) -> &'static str {
        "EndJob"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::job(self.job)
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        match states.job() {
            Job::Started => Ok(vec![(states.primary(), JobEnded { outcome: self.outcome }.into())]),
            Job::Unknown | Job::Ended(_) => Ok(vec![]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::given;
    use domain::job::event::JobStarted;
    use domain::job::values::JobKind;
    use uuid::Uuid;

    const JOB: JobId = JobId::new(Uuid::from_u128(9));

    fn started() -> (StreamName, domain::event::Event) {
        let started = JobStarted { job: JOB, kind: JobKind::Rebuild, projections: vec![], forced: false, reason: None };
        (StreamName::job(JOB), started.into())
    }

    #[test]
    fn a_job_ends_once() {
        let (failed, done) = (JobEnded { outcome: JobOutcome::Failed }, EndJob { job: JOB, outcome: JobOutcome::Done });
        given([started()])
            .when(EndJob { job: JOB, outcome: JobOutcome::Failed })
            .then([(StreamName::job(JOB), failed.clone().into())]);
        given([started(), (StreamName::job(JOB), failed.into())]).when(done).then_it_is_already_so();
        given([]).when(done).then_it_is_already_so();
    }
}
