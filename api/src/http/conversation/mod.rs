//! Conversations and their members.

pub mod create_conversation;
pub mod add_member;
pub mod remove_member;
pub mod mark_read;

pub mod inbox;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod conversation;
pub mod members;
pub mod analytics;
