//! Conversations and their members.

mod add_member;
mod analytics;
mod create_conversation;
mod mark_read;
mod remove_member;
