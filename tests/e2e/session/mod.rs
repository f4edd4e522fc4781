//! Sessions.

mod open_session;
mod refresh_session;
mod revoke_session;
mod sessions;
