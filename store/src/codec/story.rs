//! Events of `story-<id>`.

use crate::codec::fields::{EachField, Place, Subjects, optional_to_proto, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, time, uuid, uuid_bytes};
use domain::ids::{AccountId, StoryId};
use domain::proto::story::v1 as proto;
use domain::story::event::{StoryDeleted, StoryExpired, StoryPosted, StoryPrivacyChanged, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::Subject;

const fn privacy_to_proto(privacy: StoryPrivacy) -> proto::Privacy {
    match privacy {
        StoryPrivacy::Public => proto::Privacy::Public,
        StoryPrivacy::Followers => proto::Privacy::Followers,
        StoryPrivacy::CloseFriends => proto::Privacy::CloseFriends,
    }
}

fn privacy_from_proto(privacy: i32) -> Result<StoryPrivacy, Malformed> {
    match proto::Privacy::try_from(privacy).map_err(|_| Malformed::Choice)? {
        proto::Privacy::Unspecified => Err(Malformed::Choice),
        proto::Privacy::Public => Ok(StoryPrivacy::Public),
        proto::Privacy::Followers => Ok(StoryPrivacy::Followers),
        proto::Privacy::CloseFriends => Ok(StoryPrivacy::CloseFriends),
    }
}

impl Stored for StoryPosted {
    type Proto = proto::StoryPosted;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            story: uuid_bytes(self.story.uuid()),
            author: uuid_bytes(self.author.uuid()),
            privacy: privacy_to_proto(self.privacy).into(),
            expires_at_micros: self.expires_at.micros(),
            words: to_proto(&self.words)?,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let (story, author) = (StoryId::new(uuid(&proto.story)?), AccountId::new(uuid(&proto.author)?));
        Ok(Self {
            story,
            author,
            privacy: privacy_from_proto(proto.privacy)?,
            expires_at: time(proto.expires_at_micros),
            words: place.field(5, Subjects::by(author, Subject::Story(story)), proto.words)?,
        })
    }

    fn map_fields<E: EachField>(self, _stream: &StreamName, each: &mut E) -> Result<Self, E::Fault> {
        let keys = Subjects::by(self.author, Subject::Story(self.story));
        Ok(Self { words: each.field(5, keys, self.words)?, ..self })
    }
}

impl Stored for StoryExpired {
    type Proto = proto::StoryExpired;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto { view_count: self.view_count, reaction_count: self.reaction_count })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { view_count: proto.view_count, reaction_count: proto.reaction_count })
    }
}

impl Stored for StoryPrivacyChanged {
    type Proto = proto::StoryPrivacyChanged;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let (privacy, previous) = (privacy_to_proto(self.privacy), privacy_to_proto(self.previous));
        Ok(Self::Proto { privacy: privacy.into(), previous: previous.into() })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self { privacy: privacy_from_proto(proto.privacy)?, previous: privacy_from_proto(proto.previous)? })
    }
}

impl Stored for StoryDeleted {
    type Proto = proto::StoryDeleted;

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

impl Stored for StoryViewed {
    type Proto = proto::StoryViewed;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        Ok(Self::Proto {
            story: uuid_bytes(self.story.uuid()),
            author: uuid_bytes(self.author.uuid()),
            viewer: uuid_bytes(self.viewer.uuid()),
            duration_ms: self.duration_ms,
        })
    }

    fn from_proto(proto: Self::Proto, _place: &Place<'_>) -> Result<Self, Malformed> {
        Ok(Self {
            story: StoryId::new(uuid(&proto.story)?),
            author: AccountId::new(uuid(&proto.author)?),
            viewer: AccountId::new(uuid(&proto.viewer)?),
            duration_ms: proto.duration_ms,
        })
    }
}
