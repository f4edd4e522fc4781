//! The router, joining and what was missed, over the in-memory twin of the log.

mod ephemerals;
mod folding;
mod golden;
mod outbox;
mod sockets;
mod world;
