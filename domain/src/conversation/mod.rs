//! Conversations: creation, members, and how far each member has read.

pub mod event;
pub mod state;
pub mod values;
