//! Follows, close friends and who is kept away. Their rows belong to the projection of stories, which asks them with every story.

pub mod circles;
pub mod ties;

#[cfg(test)]
mod tests;
