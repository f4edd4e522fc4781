//! Commands on messages.

pub mod content;
mod mentions;
pub mod target;

pub mod add_reaction;
pub mod delete_message;
pub mod edit_message;
pub mod read_message;
pub mod remove_reaction;
pub mod send_message;
