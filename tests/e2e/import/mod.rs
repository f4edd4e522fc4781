//! Imports.

mod bad_export;
mod slack;
mod slack_search;
