//! The shell.

mod account;
mod config;
mod import;
mod keys;
mod log;
mod rebuild;
mod serve;
