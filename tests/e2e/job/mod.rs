//! Long work of administrators.

mod rebuild_projection;
