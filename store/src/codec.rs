//! Events to and from the bytes in the log: protobuf, mapped by hand, one file a feature.
//!
//! Only sealed events have bytes: encoding one with clear words is a fault. Decoding yields sealed fields that hold
//! everything their associated data binds, so that read models can open them without their event.

pub mod fields;
pub mod stored;

pub mod account;
pub mod audit;
pub mod conversation;
pub mod erasure;
pub mod import;
pub mod job;
pub mod keys;
pub mod message;
pub mod notification;
pub mod relationship;
pub mod session;
pub mod story;

#[cfg(test)]
mod further_samples;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;

use crate::codec::fields::{EachField, Place};
use crate::codec::stored::{DecodeFault, EncodeFault, Malformed, Stored};
use bytes::Bytes;
use domain::event::{Event, EventType};
use domain::ids::EventId;
use domain::stream::StreamName;
use prost::Message;

/// The version of the shape in which events of this type are written. A retired shape keeps its number for ever: it is
/// one function in its feature's file that lifts its message to the next one, one arm in [`decode`], one golden file.
pub const fn schema_version(event_type: EventType) -> u32 {
    match event_type {
        EventType::AccountErased => 1,
        EventType::AccountFollowed => 1,
        EventType::AccountRegistered => 1,
        EventType::AdminsChanged => 1,
        EventType::ContentAccessed => 1,
        EventType::ConversationChanged => 1,
        EventType::ConversationClosed => 1,
        EventType::AccountUnfollowed => 1,
        EventType::CloseFriendAdded => 1,
        EventType::CloseFriendRemoved => 1,
        EventType::ConversationCreated => 1,
        EventType::DeviceKeyPublished => 1,
        EventType::DeviceKeyRemoved => 1,
        EventType::ErasureBegun => 1,
        EventType::ErasureCancelled => 1,
        EventType::ErasureRequested => 1,
        EventType::ImportAdvanced => 1,
        EventType::JobEnded => 1,
        EventType::JobStarted => 1,
        EventType::KeyDestroyed => 1,
        EventType::MemberJoined => 1,
        EventType::MemberLeft => 1,
        EventType::MemberRoleChanged => 1,
        EventType::MembershipChanged => 1,
        EventType::MessageDeleted => 1,
        EventType::MessageEdited => 1,
        EventType::MessagePinned => 1,
        EventType::MessageSent => 1,
        EventType::MessageUnpinned => 1,
        EventType::MessagesPurged => 1,
        EventType::NotificationsRead => 1,
        EventType::PasswordChanged => 2,
        EventType::ProfileChanged => 1,
        EventType::ReactionAdded => 1,
        EventType::ReactionRemoved => 1,
        EventType::ReadMoved => 1,
        EventType::RetentionChanged => 1,
        EventType::RoleGranted => 1,
        EventType::SessionOpened => 2,
        EventType::SessionRefreshed => 1,
        EventType::SessionRevoked => 1,
        EventType::SettingsChanged => 1,
        EventType::AccountBlocked => 1,
        EventType::AccountUnblocked => 1,
        EventType::StoriesHidden => 1,
        EventType::StoriesMuted => 1,
        EventType::StoriesShown => 1,
        EventType::StoriesUnmuted => 1,
        EventType::StoryDeleted => 1,
        EventType::StoryExpired => 1,
        EventType::StoryPosted => 1,
        EventType::StoryPrivacyChanged => 1,
        EventType::StoryViewed => 1,
        EventType::UsernameReserved => 1,
    }
}

/// The payload of an event whose words are sealed.
///
/// # Errors
/// When a field is still clear.
pub fn encode(event: &Event) -> Result<Vec<u8>, EncodeFault> {
    Ok(match event {
        Event::AccountErased(event) => event.to_proto()?.encode_to_vec(),
        Event::AccountFollowed(event) => event.to_proto()?.encode_to_vec(),
        Event::AccountRegistered(event) => event.to_proto()?.encode_to_vec(),
        Event::AdminsChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::ContentAccessed(event) => event.to_proto()?.encode_to_vec(),
        Event::ConversationChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::ConversationClosed(event) => event.to_proto()?.encode_to_vec(),
        Event::AccountUnfollowed(event) => event.to_proto()?.encode_to_vec(),
        Event::CloseFriendAdded(event) => event.to_proto()?.encode_to_vec(),
        Event::CloseFriendRemoved(event) => event.to_proto()?.encode_to_vec(),
        Event::ConversationCreated(event) => event.to_proto()?.encode_to_vec(),
        Event::DeviceKeyPublished(event) => event.to_proto()?.encode_to_vec(),
        Event::DeviceKeyRemoved(event) => event.to_proto()?.encode_to_vec(),
        Event::ErasureBegun(event) => event.to_proto()?.encode_to_vec(),
        Event::ErasureCancelled(event) => event.to_proto()?.encode_to_vec(),
        Event::ErasureRequested(event) => event.to_proto()?.encode_to_vec(),
        Event::ImportAdvanced(event) => event.to_proto()?.encode_to_vec(),
        Event::JobStarted(event) => event.to_proto()?.encode_to_vec(),
        Event::JobEnded(event) => event.to_proto()?.encode_to_vec(),
        Event::KeyDestroyed(event) => event.to_proto()?.encode_to_vec(),
        Event::MemberJoined(event) => event.to_proto()?.encode_to_vec(),
        Event::MemberLeft(event) => event.to_proto()?.encode_to_vec(),
        Event::MemberRoleChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::MembershipChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::MessageDeleted(event) => event.to_proto()?.encode_to_vec(),
        Event::MessageEdited(event) => event.to_proto()?.encode_to_vec(),
        Event::MessagePinned(event) => event.to_proto()?.encode_to_vec(),
        Event::MessageSent(event) => event.to_proto()?.encode_to_vec(),
        Event::MessageUnpinned(event) => event.to_proto()?.encode_to_vec(),
        Event::MessagesPurged(event) => event.to_proto()?.encode_to_vec(),
        Event::NotificationsRead(event) => event.to_proto()?.encode_to_vec(),
        Event::PasswordChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::ProfileChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::ReactionAdded(event) => event.to_proto()?.encode_to_vec(),
        Event::ReactionRemoved(event) => event.to_proto()?.encode_to_vec(),
        Event::ReadMoved(event) => event.to_proto()?.encode_to_vec(),
        Event::RetentionChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::RoleGranted(event) => event.to_proto()?.encode_to_vec(),
        Event::SessionOpened(event) => event.to_proto()?.encode_to_vec(),
        Event::SessionRefreshed(event) => event.to_proto()?.encode_to_vec(),
        Event::SessionRevoked(event) => event.to_proto()?.encode_to_vec(),
        Event::SettingsChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::AccountBlocked(event) => event.to_proto()?.encode_to_vec(),
        Event::AccountUnblocked(event) => event.to_proto()?.encode_to_vec(),
        Event::StoriesHidden(event) => event.to_proto()?.encode_to_vec(),
        Event::StoriesMuted(event) => event.to_proto()?.encode_to_vec(),
        Event::StoriesShown(event) => event.to_proto()?.encode_to_vec(),
        Event::StoriesUnmuted(event) => event.to_proto()?.encode_to_vec(),
        Event::StoryDeleted(event) => event.to_proto()?.encode_to_vec(),
        Event::StoryExpired(event) => event.to_proto()?.encode_to_vec(),
        Event::StoryPosted(event) => event.to_proto()?.encode_to_vec(),
        Event::StoryPrivacyChanged(event) => event.to_proto()?.encode_to_vec(),
        Event::StoryViewed(event) => event.to_proto()?.encode_to_vec(),
        Event::UsernameReserved(event) => event.to_proto()?.encode_to_vec(),
    })
}

/// The event that a payload holds, in its newest shape. Sealed fields share the payload's memory.
///
/// # Errors
/// When this program does not know the type or version, or the payload is not of its shape.
pub fn decode(
    stream: &StreamName,
    id: EventId,
    event_type: &str,
    version: u32,
    payload: Bytes,
) -> Result<Event, DecodeFault> {
    let unknown = || DecodeFault::Unknown { event_type: event_type.to_owned(), version };
    let known = EventType::parse(event_type).ok_or_else(unknown)?;
    // Version 2 of these only added fields, so version 1 is the same message without them. A version whose message is
    // another one gets a function of its own that lifts it.
    let is_retired = matches!((known, version), (EventType::PasswordChanged | EventType::SessionOpened, 1));
    if version != schema_version(known) && !is_retired {
        return Err(unknown());
    }
    let place = Place { stream, event: id, event_type: known, schema_version: version };
    decode_newest(&place, payload).map_err(|fault| DecodeFault::Malformed { event_type: known, fault })
}

fn decode_newest(place: &Place<'_>, payload: Bytes) -> Result<Event, Malformed> {
    Ok(match place.event_type {
        EventType::AccountErased => Event::AccountErased(Stored::read(payload, place)?),
        EventType::AccountFollowed => Event::AccountFollowed(Stored::read(payload, place)?),
        EventType::AccountRegistered => Event::AccountRegistered(Stored::read(payload, place)?),
        EventType::AdminsChanged => Event::AdminsChanged(Stored::read(payload, place)?),
        EventType::ContentAccessed => Event::ContentAccessed(Stored::read(payload, place)?),
        EventType::ConversationChanged => Event::ConversationChanged(Stored::read(payload, place)?),
        EventType::ConversationClosed => Event::ConversationClosed(Stored::read(payload, place)?),
        EventType::AccountUnfollowed => Event::AccountUnfollowed(Stored::read(payload, place)?),
        EventType::CloseFriendAdded => Event::CloseFriendAdded(Stored::read(payload, place)?),
        EventType::CloseFriendRemoved => Event::CloseFriendRemoved(Stored::read(payload, place)?),
        EventType::ConversationCreated => Event::ConversationCreated(Stored::read(payload, place)?),
        EventType::DeviceKeyPublished => Event::DeviceKeyPublished(Stored::read(payload, place)?),
        EventType::DeviceKeyRemoved => Event::DeviceKeyRemoved(Stored::read(payload, place)?),
        EventType::ErasureBegun => Event::ErasureBegun(Stored::read(payload, place)?),
        EventType::ErasureCancelled => Event::ErasureCancelled(Stored::read(payload, place)?),
        EventType::ErasureRequested => Event::ErasureRequested(Stored::read(payload, place)?),
        EventType::ImportAdvanced => Event::ImportAdvanced(Stored::read(payload, place)?),
        EventType::JobStarted => Event::JobStarted(Stored::read(payload, place)?),
        EventType::JobEnded => Event::JobEnded(Stored::read(payload, place)?),
        EventType::KeyDestroyed => Event::KeyDestroyed(Stored::read(payload, place)?),
        EventType::MemberJoined => Event::MemberJoined(Stored::read(payload, place)?),
        EventType::MemberLeft => Event::MemberLeft(Stored::read(payload, place)?),
        EventType::MemberRoleChanged => Event::MemberRoleChanged(Stored::read(payload, place)?),
        EventType::MembershipChanged => Event::MembershipChanged(Stored::read(payload, place)?),
        EventType::MessageDeleted => Event::MessageDeleted(Stored::read(payload, place)?),
        EventType::MessageEdited => Event::MessageEdited(Stored::read(payload, place)?),
        EventType::MessagePinned => Event::MessagePinned(Stored::read(payload, place)?),
        EventType::MessageSent => Event::MessageSent(Stored::read(payload, place)?),
        EventType::MessageUnpinned => Event::MessageUnpinned(Stored::read(payload, place)?),
        EventType::MessagesPurged => Event::MessagesPurged(Stored::read(payload, place)?),
        EventType::NotificationsRead => Event::NotificationsRead(Stored::read(payload, place)?),
        EventType::PasswordChanged => Event::PasswordChanged(Stored::read(payload, place)?),
        EventType::ProfileChanged => Event::ProfileChanged(Stored::read(payload, place)?),
        EventType::ReactionAdded => Event::ReactionAdded(Stored::read(payload, place)?),
        EventType::ReactionRemoved => Event::ReactionRemoved(Stored::read(payload, place)?),
        EventType::ReadMoved => Event::ReadMoved(Stored::read(payload, place)?),
        EventType::RetentionChanged => Event::RetentionChanged(Stored::read(payload, place)?),
        EventType::RoleGranted => Event::RoleGranted(Stored::read(payload, place)?),
        EventType::SessionOpened => Event::SessionOpened(Stored::read(payload, place)?),
        EventType::SessionRefreshed => Event::SessionRefreshed(Stored::read(payload, place)?),
        EventType::SessionRevoked => Event::SessionRevoked(Stored::read(payload, place)?),
        EventType::SettingsChanged => Event::SettingsChanged(Stored::read(payload, place)?),
        EventType::AccountBlocked => Event::AccountBlocked(Stored::read(payload, place)?),
        EventType::AccountUnblocked => Event::AccountUnblocked(Stored::read(payload, place)?),
        EventType::StoriesHidden => Event::StoriesHidden(Stored::read(payload, place)?),
        EventType::StoriesMuted => Event::StoriesMuted(Stored::read(payload, place)?),
        EventType::StoriesShown => Event::StoriesShown(Stored::read(payload, place)?),
        EventType::StoriesUnmuted => Event::StoriesUnmuted(Stored::read(payload, place)?),
        EventType::StoryDeleted => Event::StoryDeleted(Stored::read(payload, place)?),
        EventType::StoryExpired => Event::StoryExpired(Stored::read(payload, place)?),
        EventType::StoryPosted => Event::StoryPosted(Stored::read(payload, place)?),
        EventType::StoryPrivacyChanged => Event::StoryPrivacyChanged(Stored::read(payload, place)?),
        EventType::StoryViewed => Event::StoryViewed(Stored::read(payload, place)?),
        EventType::UsernameReserved => Event::UsernameReserved(Stored::read(payload, place)?),
    })
}

/// Hands every field of words in the event to `each`, in the order of their numbers, and takes back what it gives.
///
/// # Errors
/// What `each` refuses, and a stream that does not tell whose keys a field is under.
pub fn map_fields<E: EachField>(event: Event, stream: &StreamName, each: &mut E) -> Result<Event, E::Fault> {
    Ok(match event {
        Event::AccountErased(event) => Event::AccountErased(event.map_fields(stream, each)?),
        Event::AccountFollowed(event) => Event::AccountFollowed(event.map_fields(stream, each)?),
        Event::AccountRegistered(event) => Event::AccountRegistered(event.map_fields(stream, each)?),
        Event::AdminsChanged(event) => Event::AdminsChanged(event.map_fields(stream, each)?),
        Event::ContentAccessed(event) => Event::ContentAccessed(event.map_fields(stream, each)?),
        Event::ConversationChanged(event) => Event::ConversationChanged(event.map_fields(stream, each)?),
        Event::ConversationClosed(event) => Event::ConversationClosed(event.map_fields(stream, each)?),
        Event::AccountUnfollowed(event) => Event::AccountUnfollowed(event.map_fields(stream, each)?),
        Event::CloseFriendAdded(event) => Event::CloseFriendAdded(event.map_fields(stream, each)?),
        Event::CloseFriendRemoved(event) => Event::CloseFriendRemoved(event.map_fields(stream, each)?),
        Event::ConversationCreated(event) => Event::ConversationCreated(event.map_fields(stream, each)?),
        Event::DeviceKeyPublished(event) => Event::DeviceKeyPublished(event.map_fields(stream, each)?),
        Event::DeviceKeyRemoved(event) => Event::DeviceKeyRemoved(event.map_fields(stream, each)?),
        Event::ErasureBegun(event) => Event::ErasureBegun(event.map_fields(stream, each)?),
        Event::ErasureCancelled(event) => Event::ErasureCancelled(event.map_fields(stream, each)?),
        Event::ErasureRequested(event) => Event::ErasureRequested(event.map_fields(stream, each)?),
        Event::ImportAdvanced(event) => Event::ImportAdvanced(event.map_fields(stream, each)?),
        Event::JobStarted(event) => Event::JobStarted(event.map_fields(stream, each)?),
        Event::JobEnded(event) => Event::JobEnded(event.map_fields(stream, each)?),
        Event::KeyDestroyed(event) => Event::KeyDestroyed(event.map_fields(stream, each)?),
        Event::MemberJoined(event) => Event::MemberJoined(event.map_fields(stream, each)?),
        Event::MemberLeft(event) => Event::MemberLeft(event.map_fields(stream, each)?),
        Event::MemberRoleChanged(event) => Event::MemberRoleChanged(event.map_fields(stream, each)?),
        Event::MembershipChanged(event) => Event::MembershipChanged(event.map_fields(stream, each)?),
        Event::MessageDeleted(event) => Event::MessageDeleted(event.map_fields(stream, each)?),
        Event::MessageEdited(event) => Event::MessageEdited(event.map_fields(stream, each)?),
        Event::MessagePinned(event) => Event::MessagePinned(event.map_fields(stream, each)?),
        Event::MessageSent(event) => Event::MessageSent(event.map_fields(stream, each)?),
        Event::MessageUnpinned(event) => Event::MessageUnpinned(event.map_fields(stream, each)?),
        Event::MessagesPurged(event) => Event::MessagesPurged(event.map_fields(stream, each)?),
        Event::NotificationsRead(event) => Event::NotificationsRead(event.map_fields(stream, each)?),
        Event::PasswordChanged(event) => Event::PasswordChanged(event.map_fields(stream, each)?),
        Event::ProfileChanged(event) => Event::ProfileChanged(event.map_fields(stream, each)?),
        Event::ReactionAdded(event) => Event::ReactionAdded(event.map_fields(stream, each)?),
        Event::ReactionRemoved(event) => Event::ReactionRemoved(event.map_fields(stream, each)?),
        Event::ReadMoved(event) => Event::ReadMoved(event.map_fields(stream, each)?),
        Event::RetentionChanged(event) => Event::RetentionChanged(event.map_fields(stream, each)?),
        Event::RoleGranted(event) => Event::RoleGranted(event.map_fields(stream, each)?),
        Event::SessionOpened(event) => Event::SessionOpened(event.map_fields(stream, each)?),
        Event::SessionRefreshed(event) => Event::SessionRefreshed(event.map_fields(stream, each)?),
        Event::SessionRevoked(event) => Event::SessionRevoked(event.map_fields(stream, each)?),
        Event::SettingsChanged(event) => Event::SettingsChanged(event.map_fields(stream, each)?),
        Event::AccountBlocked(event) => Event::AccountBlocked(event.map_fields(stream, each)?),
        Event::AccountUnblocked(event) => Event::AccountUnblocked(event.map_fields(stream, each)?),
        Event::StoriesHidden(event) => Event::StoriesHidden(event.map_fields(stream, each)?),
        Event::StoriesMuted(event) => Event::StoriesMuted(event.map_fields(stream, each)?),
        Event::StoriesShown(event) => Event::StoriesShown(event.map_fields(stream, each)?),
        Event::StoriesUnmuted(event) => Event::StoriesUnmuted(event.map_fields(stream, each)?),
        Event::StoryDeleted(event) => Event::StoryDeleted(event.map_fields(stream, each)?),
        Event::StoryExpired(event) => Event::StoryExpired(event.map_fields(stream, each)?),
        Event::StoryPosted(event) => Event::StoryPosted(event.map_fields(stream, each)?),
        Event::StoryPrivacyChanged(event) => Event::StoryPrivacyChanged(event.map_fields(stream, each)?),
        Event::StoryViewed(event) => Event::StoryViewed(event.map_fields(stream, each)?),
        Event::UsernameReserved(event) => Event::UsernameReserved(event.map_fields(stream, each)?),
    })
}
