//! Stories.

mod change_story_privacy;
mod delete_story;
mod expire_story;
mod feed;
mod post_story;
#[expect(clippy::module_inception, reason = "named after the read model of the feature's own name")]
mod story;
mod view_story;
