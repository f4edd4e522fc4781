//! What tests of projections share: a log in memory, words that anybody reads, and a database each.

pub(crate) mod words;

pub(crate) mod retention;
pub(crate) mod script;
pub(crate) mod ties;

pub(crate) mod world;
