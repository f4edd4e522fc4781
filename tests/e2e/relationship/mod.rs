//! What accounts are to each other.

mod add_close_friend;
mod block_account;
mod follow_account;
mod hide_stories;
mod mute_stories;
