//! Stories.

mod expire_story;
mod feed;
mod post_story;
