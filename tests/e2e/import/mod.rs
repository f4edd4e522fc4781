//! Imports.

mod bad_export;
mod slack;
