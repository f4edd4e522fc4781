//! Topics: what a feed consists of.

use crate::database::row::{Columns, DatabaseFault};
use crate::database::value::Value;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, StoryId};
use domain::recorded::Recorded;
use uuid::Uuid;

/// What an account can see events of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// Everything in a conversation; for its members.
    Conversation(ConversationId),
    /// An account's own affairs; for its own devices.
    Account(AccountId),
    /// What an account shows to others, for its own devices.
    Author(AccountId),
    /// An author's stories, as far as followers see them.
    Followers(AccountId),
    /// An author's stories, as far as close friends see them.
    CloseFriends(AccountId),
    /// Who sees an author's stories; for the author's own devices. Outside the state hash, because views may vanish from
    /// the log.
    Views(AccountId),
    /// What everybody is told.
    Everyone,
    /// Stories of an author who hides them: no event is in it. Who is in it does not see what they would otherwise see of
    /// the author's stories.
    HiddenStories(AccountId),
    /// An account that is blocked: no event is in it. Those who block it are in it.
    Blocked(AccountId),
}

impl Topic {
    /// The numbers and ids in the tables.
    pub(crate) fn key(self) -> (i16, Uuid) {
        match self {
            Topic::Conversation(id) => (1, id.uuid()),
            Topic::Account(id) => (2, id.uuid()),
            Topic::Author(id) => (3, id.uuid()),
            Topic::Followers(id) => (4, id.uuid()),
            Topic::CloseFriends(id) => (5, id.uuid()),
            Topic::Views(id) => (6, id.uuid()),
            Topic::Everyone => (7, Uuid::nil()),
            Topic::HiddenStories(id) => (8, id.uuid()),
            Topic::Blocked(id) => (9, id.uuid()),
        }
    }

    pub(crate) fn values(self) -> [Value; 2] {
        let (kind, id) = self.key();
        [kind.into(), id.into()]
    }

    pub(crate) fn read(columns: &mut Columns<'_>) -> Result<Self, DatabaseFault> {
        let (kind, id) = (columns.take::<i16>()?, columns.take::<Uuid>()?);
        match kind {
            1 => Ok(Topic::Conversation(ConversationId::new(id))),
            2 => Ok(Topic::Account(AccountId::new(id))),
            3 => Ok(Topic::Author(AccountId::new(id))),
            4 => Ok(Topic::Followers(AccountId::new(id))),
            5 => Ok(Topic::CloseFriends(AccountId::new(id))),
            6 => Ok(Topic::Views(AccountId::new(id))),
            7 => Ok(Topic::Everyone),
            8 => Ok(Topic::HiddenStories(AccountId::new(id))),
            9 => Ok(Topic::Blocked(AccountId::new(id))),
            _ => Err(DatabaseFault::Damaged("a topic is of an unknown kind")),
        }
    }
}

/// The topic that an event belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Belongs {
    /// To this one.
    To(Topic),
    /// To those of the story's author: which, its privacy tells.
    ToAudienceOf(StoryId),
    /// To none: nobody's feed shows it, or only the newest of its stream is kept.
    Nowhere,
    /// Its stream is not one that such an event stands in.
    Unfit,
}

/// Where an event belongs. Events that vanish by age or count are in no topic; views, which vanish with their story, are in
/// one of their own.
pub(crate) fn belongs(recorded: &Recorded) -> Belongs {
    match &recorded.event {
        Event::ConversationChanged(_)
        | Event::ConversationClosed(_)
        | Event::ConversationCreated(_)
        | Event::MemberJoined(_)
        | Event::MemberLeft(_)
        | Event::MemberRoleChanged(_)
        | Event::MessageDeleted(_)
        | Event::MessageEdited(_)
        | Event::MessagePinned(_)
        | Event::MessageSent(_)
        | Event::MessageUnpinned(_)
        | Event::MessagesPurged(_)
        | Event::ReactionAdded(_)
        | Event::ReactionRemoved(_)
        | Event::RetentionChanged(_) => {
            recorded.stream.conversation_id().map_or(Belongs::Unfit, |id| Belongs::To(Topic::Conversation(id)))
        }
        Event::MembershipChanged(_) => {
            recorded.stream.member().map_or(Belongs::Unfit, |(_, account)| Belongs::To(Topic::Account(account)))
        }
        Event::NotificationsRead(_) => {
            recorded.stream.notified_id().map_or(Belongs::Unfit, |id| Belongs::To(Topic::Account(id)))
        }
        Event::AccountRegistered(_)
        | Event::ErasureCancelled(_)
        | Event::ErasureRequested(_)
        | Event::RoleGranted(_)
        | Event::SettingsChanged(_) => {
            recorded.stream.account_id().map_or(Belongs::Unfit, |id| Belongs::To(Topic::Account(id)))
        }
        // Whoever has words of the person, wherever from, is to forget them.
        Event::AccountErased(_) => Belongs::To(Topic::Everyone),
        // Shown to whoever sees the author's profile; others ask for the keys before they encrypt.
        Event::DeviceKeyPublished(_) | Event::DeviceKeyRemoved(_) | Event::ProfileChanged(_) => {
            recorded.stream.account_id().map_or(Belongs::Unfit, |id| Belongs::To(Topic::Author(id)))
        }
        Event::AccountFollowed(_)
        | Event::AccountUnfollowed(_)
        | Event::AccountBlocked(_)
        | Event::AccountUnblocked(_)
        | Event::CloseFriendAdded(_)
        | Event::CloseFriendRemoved(_)
        | Event::StoriesHidden(_)
        | Event::StoriesMuted(_)
        | Event::StoriesShown(_)
        | Event::StoriesUnmuted(_) => {
            recorded.stream.relationship_id().map_or(Belongs::Unfit, |id| Belongs::To(Topic::Account(id)))
        }
        Event::StoryDeleted(_) | Event::StoryExpired(_) | Event::StoryPosted(_) | Event::StoryPrivacyChanged(_) => {
            recorded.stream.story_id().map_or(Belongs::Unfit, Belongs::ToAudienceOf)
        }
        Event::StoryViewed(e) => Belongs::To(Topic::Views(e.author)),
        Event::AdminsChanged(_)
        | Event::ErasureBegun(_)
        | Event::ContentAccessed(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::JobStarted(_)
        | Event::KeyDestroyed(_)
        | Event::PasswordChanged(_)
        | Event::ReadMoved(_)
        | Event::SessionOpened(_)
        | Event::SessionRefreshed(_)
        | Event::SessionRevoked(_)
        | Event::UsernameReserved(_) => Belongs::Nowhere,
    }
}
