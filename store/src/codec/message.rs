//! Events of `timeline-<conversation>` and `message-<conversation>.<seq>`.

use crate::codec::fields::{EachField, Misplaced, Place, Subjects, optional_to_proto, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, uuid, uuid_bytes};
use bytes::Bytes;
use domain::ids::AccountId;
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved};
use domain::proto::message::v1 as proto;
use domain::stream::StreamName;
use domain::words::Subject;

/// Whoever wrote the message, in the period of the conversation of the stream; before there were periods, in the conversation.
fn written_by(author: AccountId, stream: &StreamName, period: Option<u32>) -> Result<Subjects, Misplaced> {
    let conversation = stream.conversation_id().ok_or(Misplaced)?;
    Ok(match period {
        Some(period) => Subjects::by(author, Subject::Messages(conversation)).in_period(period),
        None => Subjects::by(author, Subject::Conversation(conversation)),
    })
}

fn to_bytes(accounts: &[AccountId]) -> Vec<Bytes> {
    accounts.iter().map(|account| uuid_bytes(account.uuid())).collect()
}

fn accounts(bytes: &[Bytes]) -> Result<Vec<AccountId>, Malformed> {
    bytes.iter().map(|bytes| uuid(bytes).map(AccountId::new)).collect()
}

impl Stored for MessageSent {
    type Proto = proto::MessageSent;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            sender: uuid_bytes(self.sender.uuid()),
            reply_to: self.reply_to,
            words: to_proto(&self.words)?,
            mentions: to_bytes(&self.mentions),
            period: self.period,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let sender = AccountId::new(uuid(&proto.sender)?);
        let (reply_to, period) = (proto.reply_to, proto.period);
        let words = place.field(3, written_by(sender, place.stream, period)?, proto.words)?;
        Ok(Self { sender, reply_to, words, mentions: accounts(&proto.mentions)?, period })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { words: each.field(3, written_by(self.sender, stream, self.period)?, self.words)?, ..self })
    }
}

impl Stored for MessageEdited {
    type Proto = proto::MessageEdited;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let (author, mentions) = (uuid_bytes(self.author.uuid()), to_bytes(&self.mentions));
        Ok(Self::Proto { author, words: to_proto(&self.words)?, mentions, period: self.period })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let author = AccountId::new(uuid(&proto.author)?);
        let words = place.field(2, written_by(author, place.stream, proto.period)?, proto.words)?;
        Ok(Self { author, words, mentions: accounts(&proto.mentions)?, period: proto.period })
    }

    fn map_fields<E: EachField>(self, stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { words: each.field(2, written_by(self.author, stream, self.period)?, self.words)?, ..self })
    }
}

impl Stored for MessageDeleted {
    type Proto = proto::MessageDeleted;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let deleted_by = uuid_bytes(self.deleted_by.uuid());
        Ok(Self::Proto { deleted_by, reason: optional_to_proto(self.reason.as_ref())? })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let reason = place.optional(2, Subjects::of(Subject::Deployment), proto.reason)?;
        Ok(Self { deleted_by: AccountId::new(uuid(&proto.deleted_by)?), reason })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        Ok(Self { reason: each.optional(2, Subjects::of(Subject::Deployment), self.reason)?, ..self })
    }
}

impl Stored for ReactionAdded {
    type Proto = proto::ReactionAdded;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), emoji: self.emoji.clone() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), emoji: proto.emoji })
    }
}

impl Stored for ReactionRemoved {
    type Proto = proto::ReactionRemoved;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { account: uuid_bytes(self.account.uuid()), emoji: self.emoji.clone() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { account: AccountId::new(uuid(&proto.account)?), emoji: proto.emoji })
    }
}
