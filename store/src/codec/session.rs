//! The event of `session-<id>`.

use crate::codec::fields::{EachField, Place, Subjects, optional_to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, hash, hash_bytes, time, uuid, uuid_bytes};
use domain::ids::AccountId;
use domain::proto::session::v1 as proto;
use domain::session::event::SessionOpened;
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
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let account = AccountId::new(uuid(&proto.account)?);
        Ok(Self {
            account,
            refresh_hash: hash(&proto.refresh_hash)?,
            refresh_expires_at: time(proto.refresh_expires_at_micros),
            device: place.optional(4, Subjects::of(Subject::Account(account)), proto.device)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        let keys = Subjects::of(Subject::Account(self.account));
        Ok(Self { device: each.optional(4, keys, self.device)?, ..self })
    }
}
