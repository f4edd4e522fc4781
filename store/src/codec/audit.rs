//! The event of `access-<account>`.

use crate::codec::account::{role, role_to_proto};
use crate::codec::fields::{EachField, Place, Subjects, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, uuid, uuid_bytes};
use domain::audit::event::ContentAccessed;
use domain::ids::{ConversationId, MessageId};
use domain::proto::audit::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

const KEYS: Subjects = Subjects::of(Subject::Deployment);

impl Stored for ContentAccessed {
    type Proto = proto::ContentAccessed;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            role: role_to_proto(self.role).into(),
            conversation: uuid_bytes(self.message.conversation.uuid()),
            seq: self.message.seq,
            reason: to_proto(&self.reason)?,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let conversation = ConversationId::new(uuid(&proto.conversation)?);
        Ok(Self {
            role: role(proto.role)?,
            message: MessageId { conversation, seq: proto.seq },
            reason: place.field(4, KEYS, proto.reason)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.field(4, KEYS, self.reason)?, ..self })
    }
}
