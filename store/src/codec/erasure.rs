//! Events of `account-<id>` on the way to its erasure.

use crate::codec::fields::{EachField, Place, Subjects, optional_to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, time, uuid, uuid_bytes};
use domain::account::event::{AccountErased, ErasureBegun, ErasureCancelled, ErasureRequested};
use domain::ids::AccountId;
use domain::proto::account::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

const KEYS: Subjects = Subjects::of(Subject::Deployment);

impl Stored for ErasureRequested {
    type Proto = proto::ErasureRequested;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let reason = optional_to_proto(self.reason.as_ref())?;
        Ok(Self::Proto { erases_at_micros: self.erases_at.micros(), reason })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let reason = place.optional(2, KEYS, proto.reason)?;
        Ok(Self { erases_at: time(proto.erases_at_micros), reason })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.optional(2, KEYS, self.reason)?, ..self })
    }
}

impl Stored for ErasureCancelled {
    type Proto = proto::ErasureCancelled;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {})
    }

    fn from_proto(_proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self {})
    }
}

impl Stored for ErasureBegun {
    type Proto = proto::ErasureBegun;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { erases_at_micros: self.erases_at.micros() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { erases_at: time(proto.erases_at_micros) })
    }
}

impl Stored for AccountErased {
    type Proto = proto::AccountErased;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?) })
    }
}
