//! What is true and what has happened: ids, limits, values, events, states, and the two reading ports.
//!
//! Pure: nothing here knows a clock, a database, a socket or an async runtime. `commands` and `projections` both
//! depend on this crate and not on each other.

pub mod clock;
pub mod ids;
pub mod limits;
pub mod proto;
pub mod stream;
pub mod values;
pub mod words;

pub mod account;
pub mod audit;
pub mod conversation;
pub mod import;
pub mod job;
pub mod keys;
pub mod message;
pub mod notification;
pub mod relationship;
pub mod session;
pub mod story;

pub mod event;
pub mod recorded;
pub mod source;
pub mod state;
