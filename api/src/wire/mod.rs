//! What things look like to clients: the bodies of answers, and the `data` of the feed's frames.

pub mod account;
pub mod conversation;
pub mod job;
pub mod log;
pub mod message;
pub mod notification;
pub mod opaque;
pub mod page;
pub mod relationship;
pub mod search;
pub mod story;
