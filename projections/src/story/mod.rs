//! What can be asked about stories.

pub mod stories;
pub mod story_expiry;

#[cfg(test)]
mod tests;
