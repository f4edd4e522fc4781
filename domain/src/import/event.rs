//! What happens to an import.

use crate::clock::Time;
use serde::Serialize;

/// Everything of the source up to this item, in the import's own order, is in the log. Written in the same unit as
/// what it imports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImportAdvanced {
    /// The item's time in the source.
    pub at: Time,
    /// Its place among the items of that time.
    pub step: u64,
}
