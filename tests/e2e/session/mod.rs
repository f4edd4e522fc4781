//! Sessions.

mod open_session;
