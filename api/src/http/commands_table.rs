//! Commands by name: how the feed finds what HTTP finds by its address.

use crate::http::command::Entry;
use crate::http::{account, conversation, message, notification, relationship, story};

/// Every command that can come over the feed.
pub const COMMANDS: &[Entry] = &[
    Entry::of::<account::change_profile::ChangeProfile>(),
    Entry::of::<account::change_settings::ChangeSettings>(),
    Entry::of::<account::grant_role::GrantRole>(),
    Entry::of::<account::request_erasure::RequestErasure>(),
    Entry::of::<account::request_erasure::OrderErasure>(),
    Entry::of::<account::cancel_erasure::CancelErasure>(),
    Entry::of::<account::publish_device_key::PublishDeviceKey>(),
    Entry::of::<account::remove_device_key::RemoveDeviceKey>(),
    Entry::of::<conversation::create_conversation::CreateConversation>(),
    Entry::of::<conversation::change_conversation::ChangeConversation>(),
    Entry::of::<conversation::close_conversation::CloseConversation>(),
    Entry::of::<conversation::change_membership::ChangeMembership>(),
    Entry::of::<conversation::change_retention::ChangeRetention>(),
    Entry::of::<conversation::add_member::AddMember>(),
    Entry::of::<conversation::change_member_role::ChangeMemberRole>(),
    Entry::of::<conversation::remove_member::RemoveMember>(),
    Entry::of::<conversation::mark_read::MarkRead>(),
    Entry::of::<conversation::pin_message::PinMessage>(),
    Entry::of::<conversation::pin_message::UnpinMessage>(),
    Entry::of::<message::send_message::SendMessage>(),
    Entry::of::<message::edit_message::EditMessage>(),
    Entry::of::<message::delete_message::DeleteMessage>(),
    Entry::of::<message::add_reaction::AddReaction>(),
    Entry::of::<message::remove_reaction::RemoveReaction>(),
    Entry::of::<notification::mark_notifications_read::MarkNotificationsRead>(),
    Entry::of::<relationship::follow_account::FollowAccount>(),
    Entry::of::<relationship::follow_account::UnfollowAccount>(),
    Entry::of::<relationship::add_close_friend::AddCloseFriend>(),
    Entry::of::<relationship::add_close_friend::RemoveCloseFriend>(),
    Entry::of::<relationship::block_account::BlockAccount>(),
    Entry::of::<relationship::block_account::UnblockAccount>(),
    Entry::of::<relationship::mute_stories::MuteStories>(),
    Entry::of::<relationship::mute_stories::UnmuteStories>(),
    Entry::of::<relationship::hide_stories::HideStories>(),
    Entry::of::<relationship::hide_stories::ShowStories>(),
    Entry::of::<story::post_story::PostStory>(),
    Entry::of::<story::view_story::ViewStory>(),
    Entry::of::<story::change_story_privacy::ChangeStoryPrivacy>(),
    Entry::of::<story::delete_story::DeleteStory>(),
];

/// The command with this name.
pub fn find(name: &str) -> Option<&'static Entry> {
    COMMANDS.iter().find(|entry| entry.name == name)
}
