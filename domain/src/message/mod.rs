//! Messages: sending, and what happens to one afterwards.

pub mod event;
pub mod mentions;
pub mod period;
pub mod state;
pub mod values;
