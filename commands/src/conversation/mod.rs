//! Commands on conversations.

pub(crate) mod standing;

pub mod add_member;
pub mod change_conversation;
pub mod change_member_role;
pub mod change_membership;
pub mod change_retention;
pub mod close_conversation;
pub mod create_conversation;
pub mod join_conversation;
pub mod leave_for_erasure;
pub mod mark_read;
pub mod pin_message;
pub mod purge_messages;
pub mod read_marks;
pub mod remove_member;
pub mod within_limit;
