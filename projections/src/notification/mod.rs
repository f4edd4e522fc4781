//! Notifications. Part of the projection of conversations, because whom an event notifies rests on its members, their
//! settings and who wrote what.

pub(crate) mod known;
pub(crate) mod notified;
pub mod reader;
pub(crate) mod tables;

#[cfg(test)]
mod tests;
