//! Accounts: registration, credentials, roles.

pub mod event;
pub mod state;
pub mod values;
