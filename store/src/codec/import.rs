//! The event of `import-<hash>`.

use crate::codec::fields::Place;
use crate::codec::stored::{EncodeFault, Malformed, Stored, time};
use domain::import::event::ImportAdvanced;
use domain::proto::import::v1 as proto;

impl Stored for ImportAdvanced {
    type Proto = proto::ImportAdvanced;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { at_micros: self.at.micros(), step: self.step })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { at: time(proto.at_micros), step: proto.step })
    }
}
