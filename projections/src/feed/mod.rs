//! What feeds resume from.

pub mod feed_index;
pub mod intervals;
pub mod topic;

#[cfg(test)]
mod tests;
