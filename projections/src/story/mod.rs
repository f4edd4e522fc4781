//! What can be asked about stories.

pub mod stories;
pub mod story_expiry;
