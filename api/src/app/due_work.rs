//! Hands the schedule of expiries, a read model, to the policy's port.

use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueWork};
use domain::clock::Time;
use domain::ids::StoryId;
use domain::source::BoxFuture;
use projections::story::story_expiry::Reader;

/// What is due, as the schedule knows it.
pub struct Schedule(pub Reader);

impl DueWork for Schedule {
    fn due_stories(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<Vec<StoryId>, DueFault>> {
        Box::pin(async move {
            let due = self.0.due(now, limit).await.map_err(|fault| DueFault(Box::new(fault)))?;
            Ok(due.value)
        })
    }
}
