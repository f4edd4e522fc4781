//! Sessions: one sign-in of an account on a device.

pub mod event;
pub mod state;
pub mod values;
