//! Accounts.

mod register_account;
