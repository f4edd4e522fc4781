//! Imports.

mod bad_export;
mod slack;
mod slack_figures;
mod slack_search;
