//! Stories.

pub mod change_story_privacy;
pub mod delete_story;
pub mod post_story;
pub mod view_story;

pub mod feed;
pub mod shelf;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod story;
pub mod views;
