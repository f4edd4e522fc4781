//! Events of `story-<id>`.

use crate::codec::fields::{EachField, Place, Subjects, to_proto};
use crate::codec::stored::{EncodeFault, Malformed, Stored, time, uuid, uuid_bytes};
use domain::ids::{AccountId, StoryId};
use domain::proto::story::v1 as proto;
use domain::story::event::{StoryExpired, StoryPosted};
use domain::story::values::StoryPrivacy;
use domain::stream::StreamName;
use domain::words::Subject;

impl Stored for StoryPosted {
    type Proto = proto::StoryPosted;

    fn to_proto(&self) -> Result<Self::Proto, EncodeFault> {
        let privacy = match self.privacy {
            StoryPrivacy::Public => proto::Privacy::Public,
            StoryPrivacy::Followers => proto::Privacy::Followers,
            StoryPrivacy::CloseFriends => proto::Privacy::CloseFriends,
        };
        Ok(Self::Proto {
            story: uuid_bytes(self.story.uuid()),
            author: uuid_bytes(self.author.uuid()),
            privacy: privacy.into(),
            expires_at_micros: self.expires_at.micros(),
            words: to_proto(&self.words)?,
        })
    }

    fn from_proto(proto: Self::Proto, place: &Place<'_>) -> Result<Self, Malformed> {
        let privacy = match proto::Privacy::try_from(proto.privacy).map_err(|_| Malformed::Choice)? {
            proto::Privacy::Unspecified => return Err(Malformed::Choice),
            proto::Privacy::Public => StoryPrivacy::Public,
            proto::Privacy::Followers => StoryPrivacy::Followers,
            proto::Privacy::CloseFriends => StoryPrivacy::CloseFriends,
        };
        let (story, author) = (StoryId::new(uuid(&proto.story)?), AccountId::new(uuid(&proto.author)?));
        Ok(Self {
            story,
            author,
            privacy,
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
