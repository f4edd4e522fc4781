//! Follows and close friends. Their rows belong to the projection of stories, which asks them with every story.

pub mod circles;
pub mod ties;

#[cfg(test)]
mod tests;
