//! Who watches projections at work, for traces.

use domain::recorded::Recorded;
use std::sync::Arc;
use std::time::Duration;

/// Is told what projections did. Must not block.
pub trait Observer: Send + Sync + 'static {
    /// A projection has committed these events; applying them took this long and ended just now.
    fn applied(&self, projection: &'static str, events: &[Arc<Recorded>], took: Duration);
}
