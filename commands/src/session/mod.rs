//! Commands on sessions.

pub mod credential;
pub mod open_session;
pub mod refresh_session;
pub mod revoke_session;
