//! Who read what by their role.

pub mod event;
