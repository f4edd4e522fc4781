//! Accounts.

pub mod change_settings;
pub mod me;
pub mod profile;
pub mod register_account;
pub mod settings;
