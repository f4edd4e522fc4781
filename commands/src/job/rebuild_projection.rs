//! `RebuildProjection`: a job that builds projections again has started.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::ids::JobId;
use domain::job::event::JobStarted;
use domain::job::state::Job;
use domain::job::values::JobKind;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Records that the job starts. Who may start one, and which projections there are, is the caller's to know.
#[derive(Clone)]
pub struct RebuildProjection {
    /// A new job.
    pub job: JobId,
    /// The projections' names.
    pub projections: Vec<String>,
    /// Whether a result that differs from what is served is taken nevertheless.
    pub forced: bool,
    /// Why.
    pub reason: Reason,
    /// Whether another job may run. A repeat is answered in any case.
    pub has_room: bool,
}

impl Command for RebuildProjection {
    fn name(&self) -> &'static str {
        "RebuildProjection"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::job(self.job)
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        match states.job() {
            Job::Unknown if !self.has_room => Err(Refusal::TooManyJobs),
            Job::Unknown => {
                let started = JobStarted {
                    job: self.job,
                    kind: JobKind::Rebuild,
                    projections: self.projections.clone(),
                    forced: self.forced,
                    reason: Some(Field::Clear(ReasonWords { reason: self.reason.as_str().to_owned() })),
                };
                Ok(vec![(states.primary(), started.into())])
            }
            Job::Started | Job::Ended(_) => Ok(vec![]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::given;
    use uuid::Uuid;

    fn rebuild() -> RebuildProjection {
        let (job, reason) = (JobId::new(Uuid::from_u128(9)), Reason::parse("it lags").unwrap());
        RebuildProjection { job, projections: vec!["messaging".into()], forced: false, reason, has_room: true }
    }

    fn started() -> JobStarted {
        JobStarted {
            job: rebuild().job,
            kind: JobKind::Rebuild,
            projections: vec!["messaging".into()],
            forced: false,
            reason: Some(Field::Clear(ReasonWords { reason: "it lags".into() })),
        }
    }

    #[test]
    fn a_job_starts_with_its_reason() {
        given([]).when(rebuild()).then([(StreamName::job(rebuild().job), started().into())]);
    }

    #[test]
    fn a_job_that_started_is_already_so() {
        given([(StreamName::job(rebuild().job), started().into())]).when(rebuild()).then_it_is_already_so();
    }

    #[test]
    fn a_job_for_which_there_is_no_room_does_not_start_and_one_that_started_is_already_so() {
        let crowded = || RebuildProjection { has_room: false, ..rebuild() };
        given([]).when(crowded()).refused(Refusal::TooManyJobs);
        given([(StreamName::job(rebuild().job), started().into())]).when(crowded()).then_it_is_already_so();
    }
}
