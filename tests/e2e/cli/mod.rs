//! The shell.

mod account;
mod config;
mod import;
mod keys;
mod log;
mod readme;
mod rebuild;
mod serve;
