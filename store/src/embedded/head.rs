//! Where the log ends, for everybody who follows it.

use domain::ids::Position;

/// Why nothing more will come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// A write or sync failed.
    Failed,
    /// The log was closed.
    Closed,
}

/// The end of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The position of the last durable event.
    pub position: Position,
    /// Set once nothing more will come.
    pub end: Option<End>,
}
