//! Whenever messages are over the age that their conversation keeps them, then purge them.
//!
//! Which they are, a read model knows; it is asked through a port. It may be behind, and two processes may ask at once: what
//! is gone is gone already. After a purge it is asked again as of that purge, until nothing is left to purge.

use crate::command::Envelope;
use crate::conversation::purge_messages::PurgeMessages;
use crate::execute::{Executor, Failure};
use domain::clock::Time;
use domain::ids::{ConversationId, Position};
use domain::source::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often is asked. Messages are kept for days: what is a few seconds late is not late.
const ASK_EVERY: Duration = Duration::from_secs(5);
/// Conversations that are taken at once.
const DUE_MAX_CONVERSATIONS: usize = 64;

/// The oldest messages of a conversation, all over age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueMessages {
    /// Of which.
    pub conversation: ConversationId,
    /// The last of them.
    pub through_seq: u64,
    /// The periods that they are in.
    pub periods: Vec<u32>,
}

/// A read model did not answer.
#[derive(Debug, thiserror::Error)]
#[error("which messages are over age is not known")]
pub struct PurgeFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What is over age, as far as a read model knows.
pub trait PurgeWork: Send + Sync + 'static {
    /// Messages that are over age at `now`, of up to `limit` conversations, as of position `at` or later: of each at most
    /// [`domain::limits::PURGE_MAX_MESSAGES`] in [`domain::limits::PURGE_MAX_PERIODS`] periods.
    fn over_age(&self, now: Time, at: Position, limit: usize) -> BoxFuture<'_, Result<Vec<DueMessages>, PurgeFault>>;
}

/// Purges messages as they come over age, until `stop`.
pub async fn run(executor: Arc<Executor>, work: Arc<dyn PurgeWork>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_some() {
        let mut at = Position::START;
        while let Some(purged) = round(&executor, &*work, at, &stop).await {
            at = purged;
        }
    }
}

/// Purges what is over age now. Gives the position of the last purge; none when nothing was purged.
async fn round(
    executor: &Arc<Executor>,
    work: &dyn PurgeWork,
    at: Position,
    stop: &CancellationToken,
) -> Option<Position> {
    let due = match work.over_age(executor.clock().now(), at, DUE_MAX_CONVERSATIONS).await {
        Ok(due) => due,
        Err(fault) => {
            let cause: &dyn std::error::Error = &fault;
            tracing::warn!(cause, "messages over age are not known; asking again");
            return None;
        }
    };
    let mut last = None;
    for messages in due {
        if stop.is_cancelled() {
            return None;
        }
        last = last.max(purge(executor, messages).await);
    }
    last
}

/// Messages that cannot be purged now stay over age and come again.
async fn purge(executor: &Arc<Executor>, due: DueMessages) -> Option<Position> {
    let DueMessages { conversation, through_seq, periods } = due;
    let envelope = Envelope { correlation_id: Uuid::now_v7(), ..Envelope::default() };
    match executor.execute(PurgeMessages { conversation, through_seq, periods }, envelope).await {
        Ok(done) => (!done.events.is_empty()).then_some(done.position),
        Err(Failure::Refused(refusal, _)) => {
            tracing::warn!(%conversation, %refusal, "messages over age were not purged");
            None
        }
        Err(failure) => {
            let cause: &dyn std::error::Error = &failure;
            tracing::error!(%conversation, cause, "messages over age could not be purged; it is tried again");
            None
        }
    }
}
