//! What can be asked about conversations and messages.

pub mod message_counts;
pub mod messaging;
