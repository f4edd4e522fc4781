//! Sealed words and the keys that open them. What is sealed under which keys stands in `domain/SEALING.md`.

pub mod cipher;
pub mod keys;
pub mod secret;
pub mod wrapping;

pub mod cache;
pub mod opening;
pub mod sealing;
pub mod vault;

#[cfg(test)]
mod tests;
