//! Inbox, conversations, members, timelines and reactions: one projection, because an access check reads the same
//! snapshot as the rows that it guards.

pub mod apply;
mod changes;
mod members;
mod tables;

pub mod views;

pub mod reader;
pub mod retention;

mod history;
pub(crate) mod inbox;
mod parts;
mod pins;
mod readable;
mod thread;
mod timeline;

#[cfg(test)]
mod tests;
