//! Long work of administrators.

pub mod progress;
pub mod rebuild_projection;
