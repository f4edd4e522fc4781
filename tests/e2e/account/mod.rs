//! Accounts.

mod change_settings;
mod register_account;
