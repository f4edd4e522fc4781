//! The feed over HTTP: its socket, polls and streams, and tickets to it.

pub mod events;
pub mod resume_point;
pub mod socket;
pub mod stream;
pub mod ticket;
