//! The log, for analysts and auditors.

mod read_log;
