//! Messages and reactions.

pub mod send_message;
pub mod edit_message;
pub mod delete_message;
pub mod add_reaction;
pub mod remove_reaction;

pub mod timeline;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod message;
pub mod reactions;
