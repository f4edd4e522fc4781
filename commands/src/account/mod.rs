//! Commands on accounts.

pub mod change_password;
pub mod change_settings;
pub mod grant_role;
pub mod register_account;
