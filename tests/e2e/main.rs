//! The product from outside, in both modes: one file for each command, and what holds for all of them.

mod account;
mod conversation;
mod message;
mod notification;
mod relationship;
mod session;
mod story;
mod telemetry;

mod feed;
mod http;
mod import;
mod job;
mod log;

mod canary;
mod cli;

#[path = "../convergence/mod.rs"]
mod convergence;
