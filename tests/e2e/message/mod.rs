//! Messages and reactions.

mod add_reaction;
mod content;
mod delete_message;
mod edit_message;
mod history;
mod mentions;
#[expect(clippy::module_inception, reason = "named after its endpoint")]
mod message;
mod remove_reaction;
mod search;
mod send_message;
mod sync;
mod thread;
