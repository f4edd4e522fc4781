//! What accounts are to each other.

mod add_close_friend;
mod follow_account;
