//! Hands the schedule of expiries and the counts of views, two read models, to the policy's port.

use commands::log::EventLog;
use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueStory, DueWork};
use domain::clock::Time;
use domain::source::BoxFuture;
use projections::projection::STORIES;
use projections::projections::Projections;
use std::sync::Arc;
use std::time::Duration;

/// How long the counts may take to come up to the log; the policy asks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is due, as the schedule knows it, with views counted as of the log's head.
pub struct Schedule {
    /// The read models.
    pub projections: Projections,
    /// The log, for its head.
    pub log: Arc<dyn EventLog>,
}

impl Schedule {
    async fn ask(&self, now: Time, limit: usize) -> Result<Vec<DueStory>, DueFault> {
        let head = self.log.head();
        let due = self.projections.story_expiry().due(now, limit).await.map_err(|fault| DueFault(Box::new(fault)))?;
        if due.value.is_empty() {
            return Ok(Vec::new());
        }
        self.projections.wait(STORIES, head, PATIENCE).await.map_err(|fault| DueFault(Box::new(fault)))?;
        let counts = self.projections.stories().view_counts(&due.value).await;
        let counts = counts.map_err(|fault| DueFault(Box::new(fault)))?.value;
        // A story that is not counted any more has ended meanwhile: the schedule is behind.
        let known = due.value.into_iter().filter_map(|story| counts.get(&story).map(|count| (story, *count)));
        Ok(known.map(|(story, view_count)| DueStory { story, view_count }).collect())
    }
}

impl DueWork for Schedule {
    fn due_stories(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<Vec<DueStory>, DueFault>> {
        Box::pin(self.ask(now, limit))
    }
}
