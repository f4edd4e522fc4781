//! Commands on sessions.

pub mod credential;
pub mod open_session;
