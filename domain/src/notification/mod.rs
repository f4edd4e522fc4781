//! Notifications: what somebody is told of, and how far they have read it.

pub mod event;
pub mod state;
pub mod values;
