//! The keys store follows the log: what the log says was destroyed is destroyed, at every start and as it happens.

use domain::event::{Event, EventType};
use domain::ids::{LogId, Position};
use domain::source::{Direction, EventSource, Filter, SourceFault};
use domain::words::KeyRef;
use futures_util::StreamExt;
use std::sync::Arc;
use std::time::Duration;
use store::seal::keys::KeysFault;
use store::seal::vault::Vault;
use tokio_util::sync::CancellationToken;

/// Events that are read at once when the log is searched.
const READ_AT_ONCE_EVENTS: usize = 1_024;
/// Events that are followed before the keys store's mark moves on: so few, and a moment's, are searched at the next start.
const MARK_EVERY_EVENTS: u64 = 1 << 16;
/// How long to wait after a fault.
const RETRY: Duration = Duration::from_millis(500);

/// Applies every destruction of the log, before anything is opened or sealed: an old keys store cannot bring back a key.
/// Only what came after the keys store's own mark is searched. Answers up to where.
///
/// # Errors
/// When the log or the keys store does not answer.
pub async fn apply(log: &dyn EventSource, vault: &Vault) -> anyhow::Result<Position> {
    let filter = Filter { stream_prefixes: vec!["keys-".into()], types: vec![EventType::KeyDestroyed] };
    let marked = vault.marked_up_to(log.log_id()).await?;
    // A mark beyond the head is of a longer log than this one.
    let marked = if marked > log.head() { Position::START } else { marked };
    let (mut position, mut keys) = (marked, Vec::<KeyRef>::new());
    loop {
        let slice = log.read_all(position, Direction::Forward, READ_AT_ONCE_EVENTS, &filter).await?;
        keys.extend(slice.events.iter().filter_map(|recorded| match &recorded.event {
            Event::KeyDestroyed(event) => Some(event.key),
            _ => None,
        }));
        position = slice.next.max(position);
        if slice.at_end {
            break;
        }
    }
    if position > marked {
        let again = vault.apply_destructions(&keys, log.log_id(), position).await?;
        if again > 0 {
            tracing::warn!(keys = again, "the keys store still held keys that the log says were destroyed");
        }
    }
    Ok(position)
}

/// Applies what follows, until `stop` fires or the log closes.
pub async fn follow(log: Arc<dyn EventSource>, vault: Arc<Vault>, mut position: Position, stop: CancellationToken) {
    let mut marked = position;
    while !stop.is_cancelled() {
        let mut batches = log.subscribe(position);
        while let Some(Some(batch)) = stop.run_until_cancelled(batches.next()).await {
            match batch {
                Ok(batch) => {
                    for recorded in batch.iter() {
                        if let Event::KeyDestroyed(event) = &recorded.event
                            && !destroy(&vault, event.key, &stop).await
                        {
                            return;
                        }
                        position = recorded.position;
                    }
                    if position.0 - marked.0 >= MARK_EVERY_EVENTS {
                        marked = mark(&vault, log.log_id(), position).await.unwrap_or(marked);
                    }
                }
                Err(SourceFault::Closed) => return,
                Err(fault) => {
                    let cause: &dyn std::error::Error = &fault;
                    tracing::warn!(cause, "destroyed keys are not followed at the moment");
                    break;
                }
            }
        }
        stop.run_until_cancelled(tokio::time::sleep(RETRY)).await;
    }
    if position > marked {
        mark(&vault, log.log_id(), position).await;
    }
}

/// Destroys a key however often the keys store fails. False when it is left undone at the stop: it is done at the next start.
async fn destroy(vault: &Vault, key: KeyRef, stop: &CancellationToken) -> bool {
    while let Err(fault) = vault.destroy(&[key]).await {
        tell(&fault);
        if stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
            return false;
        }
    }
    true
}

/// Everything up to a position is applied. A mark that cannot be moved costs the next start some searching, no more.
async fn mark(vault: &Vault, log: LogId, position: Position) -> Option<Position> {
    match vault.mark_up_to(log, position).await {
        Ok(()) => Some(position),
        Err(fault) => {
            let cause: &dyn std::error::Error = &fault;
            tracing::warn!(cause, position = position.0, "the keys store's mark was not moved");
            None
        }
    }
}

fn tell(fault: &KeysFault) {
    let cause: &dyn std::error::Error = fault;
    tracing::error!(cause, "a key could not be destroyed; it is tried again");
}
