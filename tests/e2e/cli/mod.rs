//! The shell.

mod account;
mod config;
mod import;
mod log;
mod rebuild;
mod serve;
