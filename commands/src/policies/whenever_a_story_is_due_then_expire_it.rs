//! Whenever a story is due, then expire it.
//!
//! The schedule of expiries is a read model; this asks it through a port. It may be behind and name a story again:
//! a story that has expired is expired already.
//!
//! The end carries the final count of views, which another read model counts. It is asked only once a story's time has
//! been over for [`SETTLED_AFTER_SECONDS`]: a view is judged before the end and appended moments later, so by then
//! every view of the story is in the log, and the read model has applied the log up to where it stood at the question.

use crate::command::Envelope;
use crate::execute::{Executor, Failure};
use crate::story::expire_story::ExpireStory;
use domain::clock::Time;
use domain::ids::StoryId;
use domain::source::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often the schedule is asked. Nobody sees a story after its time, whatever this is.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Stories taken from the schedule at once.
const DUE_MAX_STORIES: usize = 256;

/// How long after a story's time its views are counted. An append that takes longer than this is one that nobody waits
/// for any more.
const SETTLED_AFTER_SECONDS: i64 = 2;

/// A story whose time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueStory {
    /// Which.
    pub story: StoryId,
    /// How many saw it, counted up to where the log stood when this was asked, or later.
    pub view_count: u64,
}

/// The schedule did not answer.
#[derive(Debug, thiserror::Error)]
#[error("the schedule of due work did not answer")]
pub struct DueFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What is due, as far as a read model knows.
pub trait DueWork: Send + Sync + 'static {
    /// Up to `limit` stories that are due at `now` and not known to have expired, the longest due first.
    fn due_stories(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<Vec<DueStory>, DueFault>>;
}

/// Expires stories as they become due, until `stop`.
pub async fn run(executor: Arc<Executor>, work: Arc<dyn DueWork>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_some() {
        match work.due_stories(executor.clock().now().plus_seconds(-SETTLED_AFTER_SECONDS), DUE_MAX_STORIES).await {
            Ok(stories) => {
                for story in stories {
                    if stop.is_cancelled() {
                        return;
                    }
                    expire(&executor, story).await;
                }
            }
            Err(fault) => {
                let cause: &dyn std::error::Error = &fault;
                tracing::warn!(cause, "due stories are not known; asking again");
            }
        }
    }
}

/// A story that cannot be expired now stays in the schedule and comes again.
async fn expire(executor: &Arc<Executor>, due: DueStory) {
    let DueStory { story, view_count } = due;
    let envelope = Envelope { correlation_id: Uuid::now_v7(), ..Envelope::default() };
    match executor.execute(ExpireStory { story, view_count }, envelope).await {
        Ok(_) => {}
        Err(Failure::Refused(refusal, _)) => tracing::warn!(%story, %refusal, "a due story was not expired"),
        Err(failure) => {
            let cause: &dyn std::error::Error = &failure;
            tracing::error!(%story, cause, "a due story could not be expired; it is tried again");
        }
    }
}
