//! Commands on conversations.

pub mod add_member;
pub mod create_conversation;
pub mod join_conversation;
pub mod mark_read;
pub mod read_marks;
pub mod remove_member;
