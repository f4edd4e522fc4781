//! The event of `keys-<subject>`.

use crate::codec::fields::Place;
use crate::codec::stored::{EncodeFault, Malformed, Stored};
use domain::keys::event::KeyDestroyed;
use domain::proto::keys::v1 as proto;
use domain::words::KeyRef;

impl Stored for KeyDestroyed {
    type Proto = proto::KeyDestroyed;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { key: Some(self.key.to_proto()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        let key = proto.key.ok_or(Malformed::Absent)?;
        Ok(Self { key: KeyRef::from_proto(&key).ok_or(Malformed::Choice)? })
    }
}
