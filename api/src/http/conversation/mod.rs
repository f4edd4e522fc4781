//! Conversations and their members.

pub mod add_member;
pub mod change_conversation;
pub mod change_member_role;
pub mod change_membership;
pub mod change_retention;
pub mod close_conversation;
pub mod create_conversation;
pub mod crowding;
pub mod mark_read;
pub mod member_as_made;
pub mod pin_message;
pub mod remove_member;

pub mod analytics;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod conversation;
pub mod inbox;
pub mod member_analytics;
pub mod members;
pub mod metadata;
pub mod pins;
pub mod retention;
