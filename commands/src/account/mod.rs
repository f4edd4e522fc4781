//! Commands on accounts.

pub mod begin_erasure;
pub mod cancel_erasure;
pub mod change_password;
pub mod change_profile;
pub mod change_settings;
pub mod erase_account;
pub mod grant_role;
pub mod publish_device_key;
pub mod register_account;
pub mod remove_device_key;
pub mod request_erasure;
