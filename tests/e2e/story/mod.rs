//! Stories.

mod expire_story;
mod post_story;
