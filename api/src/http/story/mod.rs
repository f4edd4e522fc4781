//! Stories.

pub mod post_story;

#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod story;
pub mod shelf;
pub mod feed;
