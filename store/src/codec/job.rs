//! Events of `job-<id>`.

use crate::codec::fields::{EachField, Place, Subjects, optional_to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, uuid, uuid_bytes};
use domain::ids::JobId;
use domain::job::event::{JobEnded, JobStarted};
use domain::job::values::{JobKind, JobOutcome};
use domain::proto::job::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

impl Stored for JobStarted {
    type Proto = proto::JobStarted;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let kind = match self.kind {
            JobKind::Rebuild => proto::JobKind::Rebuild,
        };
        Ok(Self::Proto {
            job: uuid_bytes(self.job.uuid()),
            kind: kind.into(),
            projections: self.projections.clone(),
            reason: optional_to_proto(self.reason.as_ref())?,
            forced: self.forced,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let kind = match proto::JobKind::try_from(proto.kind).map_err(|_| Malformed::Choice)? {
            proto::JobKind::Unspecified => return Err(Malformed::Choice),
            proto::JobKind::Rebuild => JobKind::Rebuild,
        };
        Ok(Self {
            job: JobId::new(uuid(&proto.job)?),
            kind,
            projections: proto.projections,
            forced: proto.forced,
            reason: place.optional(4, Subjects::of(Subject::Deployment), proto.reason)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.optional(4, Subjects::of(Subject::Deployment), self.reason)?, ..self })
    }
}

impl Stored for JobEnded {
    type Proto = proto::JobEnded;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let outcome = match self.outcome {
            JobOutcome::Done => proto::JobOutcome::Done,
            JobOutcome::Failed => proto::JobOutcome::Failed,
        };
        Ok(Self::Proto { outcome: outcome.into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        let outcome = match proto::JobOutcome::try_from(proto.outcome).map_err(|_| Malformed::Choice)? {
            proto::JobOutcome::Unspecified => return Err(Malformed::Choice),
            proto::JobOutcome::Done => JobOutcome::Done,
            proto::JobOutcome::Failed => JobOutcome::Failed,
        };
        Ok(Self { outcome })
    }
}
