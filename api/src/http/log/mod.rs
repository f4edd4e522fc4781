//! The log, for analysts and auditors: envelopes and clear fields, never words.

pub mod listing;
pub mod read_log;
pub mod read_stream;
pub mod veil;
