//! Commands on accounts.

pub mod change_password;
pub mod change_profile;
pub mod change_settings;
pub mod grant_role;
pub mod publish_device_key;
pub mod register_account;
pub mod remove_device_key;
