//! The feed.

mod frames;
mod resume;
mod websocket_commands;
