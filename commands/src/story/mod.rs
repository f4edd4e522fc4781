//! Commands on stories.

pub mod expire_story;
pub mod post_story;
