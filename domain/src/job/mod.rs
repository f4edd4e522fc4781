//! Jobs: long work of operators.

pub mod event;
pub mod state;
pub mod values;
