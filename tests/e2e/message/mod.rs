//! Messages and reactions.

mod add_reaction;
mod content;
mod delete_message;
mod edit_message;
mod remove_reaction;
mod send_message;
