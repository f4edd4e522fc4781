//! Everything that may cause an event: commands with their decisions, the appending port, the executor, policies.
//!
//! Nothing here asks a read model: a command loads the streams that it rests on.

pub mod command;
pub mod context;
pub mod execute;
pub mod log;
pub mod refusal;

pub mod account;
pub mod conversation;
pub mod job;
pub mod message;
pub mod notification;
pub mod relationship;
pub mod session;
pub mod story;

pub mod policies;

#[cfg(test)]
mod scenario;
