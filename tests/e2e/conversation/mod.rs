//! Conversations and their members.

mod add_member;
mod analytics;
mod change_conversation;
mod change_member_role;
mod change_membership;
mod change_retention;
mod close_conversation;
mod create_conversation;
mod mark_read;
mod member_analytics;
mod metadata;
mod pin_message;
mod pins;
mod remove_member;
mod within_limit;
