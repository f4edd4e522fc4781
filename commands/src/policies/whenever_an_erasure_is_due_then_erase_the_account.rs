//! Whenever an erasure is due, then erase the account.
//!
//! First the account is over: nobody signs in to it, adds it to anything or grants it anything any more. Then it leaves
//! every conversation and its stories are deleted, as read models list them that have seen its end. Then, once no request that it had begun can be
//! under way any more, its key is destroyed. Every step may repeat: a crash between two of them changes nothing.

use crate::account::begin_erasure::BeginErasure;
use crate::account::erase_account::EraseAccount;
use crate::command::{Command, Envelope};
use crate::conversation::leave_for_erasure::LeaveForErasure;
use crate::execute::{Done, Executor, Failure};
use crate::refusal::Refusal;
use crate::story::delete_story::DeleteStory;
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, Position, StoryId};
use domain::source::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How often the schedule is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// Accounts taken from the schedule at once.
const DUE_MAX_ACCOUNTS: usize = 64;

/// A read model did not answer.
#[derive(Debug, thiserror::Error)]
#[error("what is to be erased is not known")]
pub struct WorkFault(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What is to be done, as far as read models know.
pub trait ErasureWork: Send + Sync + 'static {
    /// Up to `limit` accounts whose erasure is due at `now` and not known to be done, the longest due first.
    fn due(&self, now: Time, limit: usize) -> BoxFuture<'_, Result<Vec<AccountId>, WorkFault>>;

    /// The conversations that the account is a member of, as of this position or later.
    fn conversations(&self, account: AccountId, at: Position) -> BoxFuture<'_, Result<Vec<ConversationId>, WorkFault>>;

    /// The account's stories that can be seen, as of this position or later.
    fn stories(&self, account: AccountId, at: Position) -> BoxFuture<'_, Result<Vec<StoryId>, WorkFault>>;
}

/// Why a step was not done.
#[derive(Debug, thiserror::Error)]
enum Undone {
    #[error("a command failed")]
    Command(#[from] Failure),
    #[error("a read model failed")]
    Work(#[from] WorkFault),
}

/// Erases accounts as their erasure becomes due, until `stop`.
pub async fn run(executor: Arc<Executor>, work: Arc<dyn ErasureWork>, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(ASK_EVERY)).await.is_some() {
        let due = match work.due(executor.clock().now(), DUE_MAX_ACCOUNTS).await {
            Ok(due) => due,
            Err(fault) => {
                let cause: &dyn std::error::Error = &fault;
                tracing::warn!(cause, "due erasures are not known; asking again");
                continue;
            }
        };
        for account in due {
            if stop.is_cancelled() {
                return;
            }
            erase(&executor, &*work, account).await;
        }
    }
}

/// Does what can be done by now. An account that is not erased stays in the schedule and comes again.
async fn erase(executor: &Arc<Executor>, work: &dyn ErasureWork, account: AccountId) {
    match try_erase(executor, work, account).await {
        // Cancelled meanwhile, or not settled yet.
        Ok(()) | Err(Undone::Command(Failure::Refused(Refusal::ErasureNotDue, _))) => {}
        Err(Undone::Command(Failure::Refused(refusal, _))) => {
            tracing::warn!(%account, %refusal, "an account could not be erased; it is tried again");
        }
        Err(undone) => {
            let cause: &dyn std::error::Error = &undone;
            tracing::error!(%account, cause, "an account could not be erased; it is tried again");
        }
    }
}

async fn try_erase(executor: &Arc<Executor>, work: &dyn ErasureWork, account: AccountId) -> Result<(), Undone> {
    let begun = execute(executor, BeginErasure { account }).await?;
    for conversation in work.conversations(account, begun.position).await? {
        execute(executor, LeaveForErasure { conversation, account }).await?;
    }
    for story in work.stories(account, begun.position).await? {
        delete(executor, account, story).await?;
    }
    execute(executor, EraseAccount { account }).await?;
    Ok(())
}

async fn execute(executor: &Arc<Executor>, command: impl Command) -> Result<Done, Failure> {
    executor.execute(command, Envelope { correlation_id: Uuid::now_v7(), ..Envelope::default() }).await
}

/// Deletes a story as its author would. One that has ended meanwhile is not found.
async fn delete(executor: &Arc<Executor>, author: AccountId, story: StoryId) -> Result<(), Failure> {
    let envelope = Envelope { actor: Some(author), correlation_id: Uuid::now_v7(), ..Envelope::default() };
    match executor.execute(DeleteStory { story, reason: None }, envelope).await {
        Ok(_) | Err(Failure::Refused(Refusal::NotFound(_), _)) => Ok(()),
        Err(failure) => Err(failure),
    }
}
