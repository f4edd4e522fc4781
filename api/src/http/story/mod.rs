//! Stories.

pub mod post_story;

pub mod feed;
pub mod shelf;
#[expect(clippy::module_inception, reason = "a read model of the feature's own name")]
pub mod story;
