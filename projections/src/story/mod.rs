//! What can be asked about stories.

pub mod reader;
pub mod shown;
pub mod stories;
pub mod story_expiry;

#[cfg(test)]
mod tests;
