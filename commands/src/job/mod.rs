//! Commands about jobs: long work of operators.

pub mod end_job;
pub mod rebuild_projection;
