//! The feed.

mod devices;
mod ephemeral;
mod events;
mod frames;
mod resume;
mod slow_reader;
mod tickets;
mod websocket_commands;
