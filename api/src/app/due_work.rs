//! Hands what is due, as read models know it, to the policies' ports.

use commands::log::EventLog;
use commands::policies::whenever_a_story_is_due_then_expire_it::{DueFault, DueStory, DueWork};
use commands::policies::whenever_an_erasure_is_due_then_erase_the_account::{ErasureWork, WorkFault};
use commands::policies::whenever_messages_are_over_age_then_purge_them::{DueMessages, PurgeFault, PurgeWork};
use domain::clock::{Clock, Time};
use domain::ids::{AccountId, ConversationId, Position, StoryId};
use domain::source::BoxFuture;
use projections::conversation::messaging::retention::OverAge;
use projections::projection::{MESSAGING, STORIES};
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

/// Accounts that are to be erased, and what they are in.
pub struct Erasures {
    /// The read models.
    pub projections: Projections,
    /// Says which stories are still seen.
    pub clock: Arc<dyn Clock>,
}

/// Stories that are looked up at once.
const STORIES_AT_ONCE: usize = 100;

impl ErasureWork for Erasures {
    fn due(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<Vec<AccountId>, WorkFault>> {
        Box::pin(async move {
            let due = self.projections.accounts().due_erasures(now, limit).await;
            due.map(|due| due.value).map_err(|fault| WorkFault(Box::new(fault)))
        })
    }

    fn conversations(&self, account: AccountId, at: Position) -> BoxFuture<'_, Result<Vec<ConversationId>, WorkFault>> {
        Box::pin(async move {
            self.projections.wait(MESSAGING, at, PATIENCE).await.map_err(|behind| WorkFault(Box::new(behind)))?;
            let memberships = self.projections.messaging().memberships(account).await;
            memberships.map(|memberships| memberships.value).map_err(|fault| WorkFault(Box::new(fault)))
        })
    }

    fn stories(&self, account: AccountId, at: Position) -> BoxFuture<'_, Result<Vec<StoryId>, WorkFault>> {
        Box::pin(async move {
            self.projections.wait(STORIES, at, PATIENCE).await.map_err(|behind| WorkFault(Box::new(behind)))?;
            let (reader, now) = (self.projections.stories(), self.clock.now());
            let (mut stories, mut before) = (Vec::new(), None);
            loop {
                let page = reader.of_author(account, account, now, before, STORIES_AT_ONCE).await;
                let page = page.map_err(|fault| WorkFault(Box::new(fault)))?.value;
                stories.extend(page.stories.iter().map(|story| story.id));
                before = page.next;
                if before.is_none() {
                    return Ok(stories);
                }
            }
        })
    }
}

/// Messages that are over the age that their conversation keeps them.
pub struct Purges {
    /// The read models.
    pub projections: Projections,
}

impl PurgeWork for Purges {
    fn over_age(&self, now: Time, at: Position, limit: usize) -> BoxFuture<'_, Result<Vec<DueMessages>, PurgeFault>> {
        Box::pin(async move {
            self.projections.wait(MESSAGING, at, PATIENCE).await.map_err(|behind| PurgeFault(Box::new(behind)))?;
            let due = self.projections.messaging().over_age(now, limit).await;
            let due = due.map_err(|fault| PurgeFault(Box::new(fault)))?.value;
            let due = due.into_iter().map(|OverAge { conversation, through_seq, periods }| DueMessages {
                conversation,
                through_seq,
                periods,
            });
            Ok(due.collect())
        })
    }
}
