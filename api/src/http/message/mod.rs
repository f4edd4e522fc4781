//! Messages and reactions.

pub mod content;

pub mod add_reaction;
pub mod delete_message;
pub mod edit_message;
pub mod remove_reaction;
pub mod send_message;
pub mod sync;

pub mod history;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod message;
pub mod reactions;
pub mod search;
pub mod search_terms;
pub mod thread;
pub mod timeline;
