//! The search index: messages by their words. Local to a process, derived from the log, and the one place with clear terms.

pub mod port;
pub mod query;

pub(crate) mod terms;

pub mod highlight;
mod schema;
mod tokenizer;

mod ask;
mod entry;
mod excluded;
mod index;
mod page;

mod apply;
pub mod examine;
mod fill;
pub mod local;
mod run;

#[cfg(test)]
mod tests;
