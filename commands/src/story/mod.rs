//! Commands on stories.

pub mod target;

pub mod change_story_privacy;
pub mod delete_story;
pub mod expire_story;
pub mod post_story;
pub mod view_story;
