//! The outside edge and the composition root: configuration, secrets, HTTP, WebSocket, shell.
//!
//! Everything that talks to people or to the machine is here. Handlers hold neither SQL nor an append: they parse,
//! execute a command or ask a projection, and respond.

pub mod clock;
pub mod config;
pub mod problem;
pub mod secrets;
pub mod telemetry;
pub mod traces;

pub mod auth;
pub mod wire;

pub mod http;
pub mod live;

pub mod admin;
pub mod app;
pub mod conduit;
pub mod documentation;
pub mod openapi;
pub mod serve;

pub mod cli;
