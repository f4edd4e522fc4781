//! Sessions.

pub mod open_session;
