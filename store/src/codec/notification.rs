//! Events of `notifications-<account>`.

use crate::codec::fields::Place;
use crate::codec::stored::{EncodeFault, Malformed, Stored};
use domain::ids::Position;
use domain::notification::event::NotificationsRead;
use domain::proto::notification::v1 as proto;

impl Stored for NotificationsRead {
    type Proto = proto::NotificationsRead;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { up_to: self.up_to.0 })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { up_to: Position(proto.up_to) })
    }
}
