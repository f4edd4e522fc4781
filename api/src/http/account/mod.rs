//! Accounts.

pub mod me;
pub mod profile;
pub mod register_account;
