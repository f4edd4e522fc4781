//! Every event there is. A name on disk is written here by hand and never changes.

use crate::account::event::{
    AccountErased, AccountRegistered, AdminsChanged, DeviceKeyPublished, DeviceKeyRemoved, ErasureBegun,
    ErasureCancelled, ErasureRequested, PasswordChanged, ProfileChanged, RoleGranted, SettingsChanged,
    UsernameReserved,
};
use crate::audit::event::ContentAccessed;
use crate::conversation::event::{
    ConversationChanged, ConversationClosed, ConversationCreated, MemberJoined, MemberLeft, MemberRoleChanged,
    MembershipChanged, MessagePinned, MessageUnpinned, MessagesPurged, ReadMoved, RetentionChanged,
};
use crate::import::event::ImportAdvanced;
use crate::job::event::{JobEnded, JobStarted};
use crate::keys::event::KeyDestroyed;
use crate::message::event::{MessageDeleted, MessageEdited, MessageSent, ReactionAdded, ReactionRemoved};
use crate::notification::event::NotificationsRead;
use crate::relationship::event::{
    AccountBlocked, AccountFollowed, AccountUnblocked, AccountUnfollowed, CloseFriendAdded, CloseFriendRemoved,
    StoriesHidden, StoriesMuted, StoriesShown, StoriesUnmuted,
};
use crate::session::event::{SessionOpened, SessionRefreshed, SessionRevoked};
use crate::story::event::{StoryDeleted, StoryExpired, StoryPosted, StoryPrivacyChanged, StoryViewed};
use serde::Serialize;
use std::fmt;

macro_rules! events {
    ($($name:ident = $text:literal;)*) => {
        /// The type of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "documented at the events themselves")]
        pub enum EventType { $($name,)* }

        impl EventType {
            /// Every type.
            pub const ALL: &[EventType] = &[$(EventType::$name,)*];

            /// The name on disk.
            pub const fn as_str(self) -> &'static str {
                match self { $(EventType::$name => $text,)* }
            }

            /// The reverse of [`EventType::as_str`].
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(EventType::$name),)* _ => None }
            }
        }

        /// What happened, in its newest shape.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        #[expect(missing_docs, reason = "documented at the events themselves")]
        pub enum Event { $($name($name),)* }

        impl Event {
            /// Its type.
            pub const fn event_type(&self) -> EventType {
                match self { $(Event::$name(_) => EventType::$name,)* }
            }
        }

        $(impl From<$name> for Event {
            fn from(event: $name) -> Self {
                Event::$name(event)
            }
        })*
    };
}

events! {
    AccountBlocked = "AccountBlocked";
    AccountErased = "AccountErased";
    AccountFollowed = "AccountFollowed";
    AccountRegistered = "AccountRegistered";
    AccountUnblocked = "AccountUnblocked";
    AccountUnfollowed = "AccountUnfollowed";
    AdminsChanged = "AdminsChanged";
    CloseFriendAdded = "CloseFriendAdded";
    CloseFriendRemoved = "CloseFriendRemoved";
    ContentAccessed = "ContentAccessed";
    ConversationChanged = "ConversationChanged";
    ConversationClosed = "ConversationClosed";
    ConversationCreated = "ConversationCreated";
    DeviceKeyPublished = "DeviceKeyPublished";
    DeviceKeyRemoved = "DeviceKeyRemoved";
    ErasureBegun = "ErasureBegun";
    ErasureCancelled = "ErasureCancelled";
    ErasureRequested = "ErasureRequested";
    ImportAdvanced = "ImportAdvanced";
    JobEnded = "JobEnded";
    JobStarted = "JobStarted";
    KeyDestroyed = "KeyDestroyed";
    MemberJoined = "MemberJoined";
    MemberLeft = "MemberLeft";
    MemberRoleChanged = "MemberRoleChanged";
    MembershipChanged = "MembershipChanged";
    MessageDeleted = "MessageDeleted";
    MessageEdited = "MessageEdited";
    MessagePinned = "MessagePinned";
    MessageSent = "MessageSent";
    MessageUnpinned = "MessageUnpinned";
    MessagesPurged = "MessagesPurged";
    NotificationsRead = "NotificationsRead";
    PasswordChanged = "PasswordChanged";
    ProfileChanged = "ProfileChanged";
    ReactionAdded = "ReactionAdded";
    ReactionRemoved = "ReactionRemoved";
    ReadMoved = "ReadMoved";
    RetentionChanged = "RetentionChanged";
    RoleGranted = "RoleGranted";
    SessionOpened = "SessionOpened";
    SessionRefreshed = "SessionRefreshed";
    SessionRevoked = "SessionRevoked";
    SettingsChanged = "SettingsChanged";
    StoriesHidden = "StoriesHidden";
    StoriesMuted = "StoriesMuted";
    StoriesShown = "StoriesShown";
    StoriesUnmuted = "StoriesUnmuted";
    StoryDeleted = "StoryDeleted";
    StoryExpired = "StoryExpired";
    StoryPosted = "StoryPosted";
    StoryPrivacyChanged = "StoryPrivacyChanged";
    StoryViewed = "StoryViewed";
    UsernameReserved = "UsernameReserved";
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for EventType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
