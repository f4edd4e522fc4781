//! Accounts.

mod cancel_erasure;
mod change_password;
mod change_profile;
mod change_settings;
mod grant_role;
mod publish_device_key;
mod register_account;
mod remove_device_key;
mod request_erasure;
