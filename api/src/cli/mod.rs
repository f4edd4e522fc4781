//! The shell: what can be done from a terminal.

pub mod command_line;
pub mod output;

pub mod account;
pub mod doctor;
pub mod import;
pub mod keys;
pub mod log;
pub mod rebuild;
pub mod serve;
