//! Commands on what accounts are to each other.

pub mod add_close_friend;
pub mod block_account;
pub mod follow_account;
pub mod hide_stories;
pub mod mute_stories;

mod tie;
