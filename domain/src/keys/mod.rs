//! Keys: that one was destroyed.

pub mod event;
