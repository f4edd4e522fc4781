//! Imports: how far one has come.

pub mod event;
pub mod state;
