//! What accounts are to each other.

pub mod add_close_friend;
pub mod block_account;
pub mod follow_account;
pub mod hide_stories;
pub mod mute_stories;

pub mod blocks;
pub mod close_friends;
pub mod followers;
