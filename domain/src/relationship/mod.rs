//! Relationships: whom an account follows, and whom it counts as close friends.

pub mod event;
pub mod state;
