//! Relationships: whom an account follows, whom it counts as close friends, and whom it keeps away.

pub mod event;
pub mod state;
