//! Everything that can be asked: read models, schedules, analytics, their runner, checkpoints and waits.
//!
//! Depends on `domain` only: a read model can never cause an event. Each projection is a name that never changes, a
//! database of its own and an `apply`; rows and checkpoint commit together.

pub mod observer;
pub mod projection;
pub mod projections;

pub mod account;
pub mod conversation;
pub mod feed;
pub mod notification;
pub mod relationship;
pub mod search;
pub mod session;
pub mod story;

pub mod background;
mod copies;
pub mod database;
pub mod reader;
pub mod rebuild;
pub mod run;
mod serving;
pub mod state_hash;
pub mod wait;

#[cfg(test)]
mod testing;
