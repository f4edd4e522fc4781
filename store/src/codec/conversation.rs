//! Events of `conversation-<id>`, `membership-<conversation>.<account>` and `read-<account>.<conversation>`.

use crate::codec::fields::{EachField, Misplaced, Place, Subjects, optional_to_proto, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, time, uuid, uuid_bytes};
use domain::conversation::event::{
    ConversationChanged, ConversationClosed, ConversationCreated, MemberJoined, MemberLeft, MemberRoleChanged,
    MembershipChanged, MessagePinned, MessageUnpinned, MessagesPurged, ReadMoved, RetentionChanged,
};
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, Mute, Notify, PrivacyMode};
use domain::ids::{AccountId, ConversationId};
use domain::proto::conversation::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

/// The conversation's key alone: its name is everybody's.
const fn own(conversation: ConversationId) -> Subjects {
    Subjects::of(Subject::Conversation(conversation))
}

impl Stored for ConversationCreated {
    type Proto = proto::ConversationCreated;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let kind = match self.kind {
            ConversationKind::Direct => proto::Kind::Direct,
            ConversationKind::Group => proto::Kind::Group,
        };
        let privacy_mode = match self.privacy_mode {
            PrivacyMode::Searchable => proto::PrivacyMode::Searchable,
            PrivacyMode::StrictE2e => proto::PrivacyMode::StrictE2e,
        };
        Ok(Self::Proto {
            conversation: uuid_bytes(self.conversation.uuid()),
            kind: kind.into(),
            privacy_mode: privacy_mode.into(),
            created_by: uuid_bytes(self.created_by.uuid()),
            words: optional_to_proto(self.words.as_ref())?,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let kind = match proto::Kind::try_from(proto.kind).map_err(|_| Malformed::Choice)? {
            proto::Kind::Unspecified => return Err(Malformed::Choice),
            proto::Kind::Direct => ConversationKind::Direct,
            proto::Kind::Group => ConversationKind::Group,
        };
        let privacy_mode = match proto::PrivacyMode::try_from(proto.privacy_mode).map_err(|_| Malformed::Choice)? {
            proto::PrivacyMode::Unspecified => return Err(Malformed::Choice),
            proto::PrivacyMode::Searchable => PrivacyMode::Searchable,
            proto::PrivacyMode::StrictE2e => PrivacyMode::StrictE2e,
        };
        let conversation = ConversationId::new(uuid(&proto.conversation)?);
        Ok(Self {
            conversation,
            kind,
            privacy_mode,
            created_by: AccountId::new(uuid(&proto.created_by)?),
            words: place.optional(5, own(conversation), proto.words)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { words: each.optional(5, own(self.conversation), self.words)?, ..self })
    }
}

/// The keys of words in a conversation's own stream.
fn of_stream(stream: &StreamName) -> Result<Subjects, Misplaced> {
    stream.conversation_id().map(own).ok_or(Misplaced)
}

impl Stored for ConversationChanged {
    type Proto = proto::ConversationChanged;

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

impl Stored for ConversationClosed {
    type Proto = proto::ConversationClosed;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { closed_by: uuid_bytes(self.closed_by.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { closed_by: AccountId::new(uuid(&proto.closed_by)?) })
    }
}

const fn role_to_proto(role: MemberRole) -> proto::MemberRole {
    match role {
        MemberRole::Member => proto::MemberRole::Member,
        MemberRole::Admin => proto::MemberRole::Admin,
        MemberRole::Owner => proto::MemberRole::Owner,
    }
}

fn role_from_proto(role: i32) -> Result<MemberRole, Malformed> {
    match proto::MemberRole::try_from(role).map_err(|_| Malformed::Choice)? {
        proto::MemberRole::Unspecified => Err(Malformed::Choice),
        proto::MemberRole::Member => Ok(MemberRole::Member),
        proto::MemberRole::Admin => Ok(MemberRole::Admin),
        proto::MemberRole::Owner => Ok(MemberRole::Owner),
    }
}

impl Stored for MemberJoined {
    type Proto = proto::MemberJoined;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), role: role_to_proto(self.role).into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), role: role_from_proto(proto.role)? })
    }
}

impl Stored for MemberLeft {
    type Proto = proto::MemberLeft;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?) })
    }
}

impl Stored for MemberRoleChanged {
    type Proto = proto::MemberRoleChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), role: role_to_proto(self.role).into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), role: role_from_proto(proto.role)? })
    }
}

impl Stored for MembershipChanged {
    type Proto = proto::MembershipChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let MembershipSettings { mute, pinned, archived, notify } = self.settings;
        let (muted, mute_until_micros) = match mute {
            Mute::Off => (false, None),
            Mute::Until(end) => (true, Some(end.micros())),
            Mute::Always => (true, None),
        };
        let notify = match notify {
            Notify::All => proto::Notify::All,
            Notify::Mentions => proto::Notify::Mentions,
            Notify::None => proto::Notify::None,
        };
        Ok(Self::Proto { muted, mute_until_micros, pinned, archived, notify: notify.into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        let mute = match (proto.muted, proto.mute_until_micros) {
            (false, None) => Mute::Off,
            (true, Some(micros)) => Mute::Until(time(micros)),
            (true, None) => Mute::Always,
            (false, Some(_)) => return Err(Malformed::Choice),
        };
        let notify = match proto::Notify::try_from(proto.notify).map_err(|_| Malformed::Choice)? {
            proto::Notify::Unspecified => return Err(Malformed::Choice),
            proto::Notify::All => Notify::All,
            proto::Notify::Mentions => Notify::Mentions,
            proto::Notify::None => Notify::None,
        };
        let settings = MembershipSettings { mute, pinned: proto.pinned, archived: proto.archived, notify };
        Ok(Self { settings })
    }
}

impl Stored for MessagePinned {
    type Proto = proto::MessagePinned;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { seq: self.seq, pinned_by: uuid_bytes(self.pinned_by.uuid()) })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { seq: proto.seq, pinned_by: AccountId::new(uuid(&proto.pinned_by)?) })
    }
}

impl Stored for MessageUnpinned {
    type Proto = proto::MessageUnpinned;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { seq: self.seq })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { seq: proto.seq })
    }
}

impl Stored for RetentionChanged {
    type Proto = proto::RetentionChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let (changed_by, reason) = (uuid_bytes(self.changed_by.uuid()), optional_to_proto(self.reason.as_ref())?);
        Ok(Self::Proto { days: self.days, changed_by, reason })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let reason = place.optional(3, Subjects::of(Subject::Deployment), proto.reason)?;
        Ok(Self { days: proto.days, changed_by: AccountId::new(uuid(&proto.changed_by)?), reason })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.optional(3, Subjects::of(Subject::Deployment), self.reason)?, ..self })
    }
}

impl Stored for MessagesPurged {
    type Proto = proto::MessagesPurged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let Self { through_seq, count, through_period } = *self;
        Ok(Self::Proto { through_seq, count, through_period })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        let Self::Proto { through_seq, count, through_period } = proto;
        Ok(Self { through_seq, count, through_period })
    }
}

impl Stored for ReadMoved {
    type Proto = proto::ReadMoved;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { seq: self.seq })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { seq: proto.seq })
    }
}
