//! Events of `account-<id>` and `username-<hash>`.

use crate::codec::fields::{EachField, Misplaced, Place, Subjects, optional_to_proto, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, hash, hash_bytes, uuid, uuid_bytes};
use domain::account::event::{
    AccountRegistered, AdminsChanged, DeviceKeyPublished, DeviceKeyRemoved, PasswordChanged, ProfileChanged,
    RoleGranted, SettingsChanged, UsernameReserved,
};
use domain::account::values::Role;
use domain::ids::{AccountId, DeviceId, DeviceKeyId, SessionId};
use domain::proto::account::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

/// The person's own key; the event itself says whose.
const fn own(account: AccountId) -> Subjects {
    Subjects::of(Subject::Account(account))
}

/// The key of the account whose stream this is.
fn of_stream(stream: &StreamName) -> Result<Subjects, Misplaced> {
    stream.account_id().map(own).ok_or(Misplaced)
}

impl Stored for AccountRegistered {
    type Proto = proto::AccountRegistered;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            account: uuid_bytes(self.account.uuid()),
            username_hash: hash_bytes(self.username_hash),
            words: to_proto(&self.words)?,
            credential: optional_to_proto(self.credential.as_ref())?,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let account = AccountId::new(uuid(&proto.account)?);
        Ok(Self {
            account,
            username_hash: hash(&proto.username_hash)?,
            words: place.field(3, own(account), proto.words)?,
            credential: place.optional(4, own(account), proto.credential)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        let keys = own(self.account);
        Ok(Self {
            words: each.field(3, keys, self.words)?,
            credential: each.optional(4, keys, self.credential)?,
            ..self
        })
    }
}

impl Stored for UsernameReserved {
    type Proto = proto::UsernameReserved;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?) })
    }
}

impl Stored for PasswordChanged {
    type Proto = proto::PasswordChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let kept_session = self.kept_session.map(|session| uuid_bytes(session.uuid()));
        Ok(Self::Proto { credential: to_proto(&self.credential)?, kept_session })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let kept_session = proto.kept_session.map(|bytes| uuid(&bytes).map(SessionId::new)).transpose()?;
        Ok(Self { credential: place.field(1, of_stream(place.stream)?, proto.credential)?, kept_session })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { credential: each.field(1, of_stream(stream)?, self.credential)?, ..self })
    }
}

impl Stored for ProfileChanged {
    type Proto = proto::ProfileChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { words: to_proto(&self.words)? })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { words: place.field(1, of_stream(place.stream)?, proto.words)? })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { words: each.field(1, of_stream(stream)?, self.words)? })
    }
}

/// A role as it is stored.
pub(super) const fn role_to_proto(role: Role) -> proto::Role {
    match role {
        Role::User => proto::Role::User,
        Role::Moderator => proto::Role::Moderator,
        Role::Analyst => proto::Role::Analyst,
        Role::Auditor => proto::Role::Auditor,
        Role::Admin => proto::Role::Admin,
    }
}

/// The reverse of [`role_to_proto`].
pub(super) fn role(stored: i32) -> Result<Role, Malformed> {
    match proto::Role::try_from(stored).map_err(|_| Malformed::Choice)? {
        proto::Role::Unspecified => Err(Malformed::Choice),
        proto::Role::User => Ok(Role::User),
        proto::Role::Moderator => Ok(Role::Moderator),
        proto::Role::Analyst => Ok(Role::Analyst),
        proto::Role::Auditor => Ok(Role::Auditor),
        proto::Role::Admin => Ok(Role::Admin),
    }
}

impl Stored for RoleGranted {
    type Proto = proto::RoleGranted;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { role: role_to_proto(self.role).into(), reason: optional_to_proto(self.reason.as_ref())? })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let role = role(proto.role)?;
        Ok(Self { role, reason: place.optional(2, Subjects::of(Subject::Deployment), proto.reason)? })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.optional(2, Subjects::of(Subject::Deployment), self.reason)?, ..self })
    }
}

impl Stored for SettingsChanged {
    type Proto = proto::SettingsChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let (read_receipts, presence) = (self.read_receipts, self.presence);
        Ok(Self::Proto { read_receipts, presence, time_zone: optional_to_proto(self.time_zone.as_ref())? })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let time_zone = place.optional(3, of_stream(place.stream)?, proto.time_zone)?;
        Ok(Self { read_receipts: proto.read_receipts, presence: proto.presence, time_zone })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { time_zone: each.optional(3, of_stream(stream)?, self.time_zone)?, ..self })
    }
}

impl Stored for DeviceKeyPublished {
    type Proto = proto::DeviceKeyPublished;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let (device, key) = (uuid_bytes(self.device.uuid()), uuid_bytes(self.key.uuid()));
        Ok(Self::Proto { device, key, words: to_proto(&self.words)? })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let words = place.field(3, of_stream(place.stream)?, proto.words)?;
        Ok(Self { device: DeviceId::new(uuid(&proto.device)?), key: DeviceKeyId::new(uuid(&proto.key)?), words })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { words: each.field(3, of_stream(stream)?, self.words)?, ..self })
    }
}

impl Stored for DeviceKeyRemoved {
    type Proto = proto::DeviceKeyRemoved;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { device: uuid_bytes(self.device.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { device: DeviceId::new(uuid(&proto.device)?) })
    }
}

impl Stored for AdminsChanged {
    type Proto = proto::AdminsChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), is_admin: self.is_admin })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), is_admin: proto.is_admin })
    }
}
