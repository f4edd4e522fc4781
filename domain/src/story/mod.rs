//! Stories: posted, seen for 24 hours, expired.

pub mod event;
pub mod state;
pub mod values;
