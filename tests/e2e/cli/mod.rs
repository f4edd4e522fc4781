//! The shell.

mod account;
mod config;
mod doctor;
mod import;
mod keys;
mod log;
mod log_damage;
mod readme;
mod rebuild;
mod serve;
