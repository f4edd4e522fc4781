//! What accounts are to each other.

pub mod add_close_friend;
pub mod follow_account;

pub mod close_friends;
pub mod followers;
