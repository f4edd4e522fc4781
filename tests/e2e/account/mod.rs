//! Accounts.

mod change_settings;
mod publish_device_key;
mod register_account;
mod remove_device_key;
