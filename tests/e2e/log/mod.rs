//! The log, for analysts and auditors.

mod changed_log;
mod read_log;
