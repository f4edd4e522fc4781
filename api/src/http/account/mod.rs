//! Accounts.

pub mod register_account;
pub mod profile;
pub mod me;
