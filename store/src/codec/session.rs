//! Events of `session-<id>`.

use crate::codec::fields::{EachField, Place, Subjects, optional_to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, hash, hash_bytes, time, uuid, uuid_bytes};
use domain::clock::Time;
use domain::ids::AccountId;
use domain::proto::session::v1 as proto;
use domain::session::event::{SessionOpened, SessionRefreshed, SessionRevoked};
use domain::session::values::RevocationReason;
use domain::stream::StreamName;
use domain::words::Subject;

impl Stored for SessionOpened {
    type Proto = proto::SessionOpened;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            account: uuid_bytes(self.account.uuid()),
            refresh_hash: hash_bytes(self.refresh_hash),
            refresh_expires_at_micros: self.refresh_expires_at.micros(),
            device: optional_to_proto(self.device.as_ref())?,
            credential_revision: self.credential_revision,
            opened_at_micros: self.opened_at.map(Time::micros),
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let account = AccountId::new(uuid(&proto.account)?);
        Ok(Self {
            account,
            refresh_hash: hash(&proto.refresh_hash)?,
            refresh_expires_at: time(proto.refresh_expires_at_micros),
            device: place.optional(4, Subjects::of(Subject::Account(account)), proto.device)?,
            credential_revision: proto.credential_revision,
            opened_at: proto.opened_at_micros.map(time),
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        let keys = Subjects::of(Subject::Account(self.account));
        Ok(Self { device: each.optional(4, keys, self.device)?, ..self })
    }
}

impl Stored for SessionRefreshed {
    type Proto = proto::SessionRefreshed;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            account: uuid_bytes(self.account.uuid()),
            refresh_hash: hash_bytes(self.refresh_hash),
            refresh_expires_at_micros: self.refresh_expires_at.micros(),
            device: optional_to_proto(self.device.as_ref())?,
            credential_revision: self.credential_revision,
            opened_at_micros: self.opened_at.micros(),
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let account = AccountId::new(uuid(&proto.account)?);
        Ok(Self {
            account,
            refresh_hash: hash(&proto.refresh_hash)?,
            refresh_expires_at: time(proto.refresh_expires_at_micros),
            device: place.optional(4, Subjects::of(Subject::Account(account)), proto.device)?,
            credential_revision: proto.credential_revision,
            opened_at: time(proto.opened_at_micros),
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        let keys = Subjects::of(Subject::Account(self.account));
        Ok(Self { device: each.optional(4, keys, self.device)?, ..self })
    }
}

impl Stored for SessionRevoked {
    type Proto = proto::SessionRevoked;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let reason = match self.reason {
            RevocationReason::SignedOut => proto::RevocationReason::SignedOut,
            RevocationReason::EndedByOwner => proto::RevocationReason::EndedByOwner,
            RevocationReason::TokenReused => proto::RevocationReason::TokenReused,
        };
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), reason: reason.into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        let reason = match proto::RevocationReason::try_from(proto.reason).map_err(|_| Malformed::Choice)? {
            proto::RevocationReason::Unspecified => return Err(Malformed::Choice),
            proto::RevocationReason::SignedOut => RevocationReason::SignedOut,
            proto::RevocationReason::EndedByOwner => RevocationReason::EndedByOwner,
            proto::RevocationReason::TokenReused => RevocationReason::TokenReused,
        };
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), reason })
    }
}
