//! `tidings import`: another product's export becomes accounts, conversations and messages, with its own times.

pub mod archive;
pub mod emoji;
pub mod export;
pub mod people;
pub mod plan;
pub mod progress;
pub mod report;
pub mod run;
pub mod slack;
