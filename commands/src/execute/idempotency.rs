//! Idempotency keys: a repeat is answered from the events of the first.

use super::{Done, Executor, Failure, Stages};
use crate::command::Idempotency;
use domain::ids::{AccountId, EventId, Position};
use domain::recorded::{Fingerprint, Recorded};
use domain::words::Purpose;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How many further events of a unit are looked for at once, to begin with.
const FIND_FIRST: usize = 4;
const FIND_MAX: usize = 256;

/// Within what a key means the same command.
pub(super) struct Scope {
    account: Uuid,
    command: &'static str,
    key: String,
}

/// The keys that are being worked on in this process. As many as there are commands pending, at most.
#[derive(Default)]
pub(super) struct Claims {
    /// By the id of the first event; the token is cancelled when the work is over.
    pending: Mutex<FxHashMap<EventId, CancellationToken>>,
}

/// A key that belongs to one command until this is dropped.
pub(super) struct ClaimedKey {
    pub(super) scope: Scope,
    pub(super) fingerprint: Fingerprint,
    first: EventId,
    over: CancellationToken,
    claims: Arc<Claims>,
}

impl Drop for ClaimedKey {
    fn drop(&mut self) {
        self.claims.pending.lock().remove(&self.first);
        self.over.cancel();
    }
}

/// What a key led to.
pub(super) enum Claim {
    /// Nothing yet: the command may go on, and others with the key wait for it.
    Ours(ClaimedKey),
    /// The events of the first.
    Replayed(Done),
}

impl Executor {
    /// Claims a key for a command. Waits for one with the same key that is under way.
    pub(super) async fn claim(
        &self,
        command: &'static str,
        actor: Option<AccountId>,
        idempotency: &Idempotency,
    ) -> Result<Claim, Failure> {
        let account = actor.map_or(Uuid::nil(), AccountId::uuid);
        let scope = Scope { account, command, key: idempotency.key.clone() };
        let first = self.event_id(&scope, 0);
        let over = loop {
            let under_way = {
                let mut pending = self.claims.pending.lock();
                match pending.get(&first) {
                    Some(over) => over.clone(),
                    None => {
                        let over = CancellationToken::new();
                        pending.insert(first, over.clone());
                        break over;
                    }
                }
            };
            under_way.cancelled().await;
        };
        let fingerprint = self.fingerprint(&scope, idempotency);
        let claim = ClaimedKey { scope, fingerprint, first, over, claims: Arc::clone(&self.claims) };
        match self.log.find(&[first]).await?.first().copied().flatten() {
            Some(position) => self.replay(&claim, position).await.map(Claim::Replayed),
            None => Ok(Claim::Ours(claim)),
        }
    }

    fn fingerprint(&self, scope: &Scope, idempotency: &Idempotency) -> Fingerprint {
        let parts: [&[u8]; 3] = [scope.account.as_bytes(), scope.command.as_bytes(), scope.key.as_bytes()];
        Fingerprint {
            key: self.words.hash(Purpose::IdempotencyKey, &parts),
            body: self.words.hash(Purpose::RequestBody, &[&idempotency.body]),
        }
    }

    /// The id of a command's `ordinal`th event.
    pub(super) fn event_id(&self, scope: &Scope, ordinal: usize) -> EventId {
        let ordinal = u32::try_from(ordinal).unwrap_or(u32::MAX).to_be_bytes();
        let parts: [&[u8]; 4] = [scope.account.as_bytes(), scope.command.as_bytes(), scope.key.as_bytes(), &ordinal];
        EventId::new(self.words.hash(Purpose::CommandEvent, &parts).uuid())
    }

    /// The answer to a repeat of a command whose first event stands at `position`.
    pub(super) async fn replay(&self, claim: &ClaimedKey, position: Position) -> Result<Done, Failure> {
        let mut positions = vec![position];
        let mut step = FIND_FIRST;
        loop {
            let next = positions.len();
            let ids: Vec<EventId> = (next..next + step).map(|ordinal| self.event_id(&claim.scope, ordinal)).collect();
            let found = self.log.find(&ids).await?;
            positions.extend(found.iter().map_while(|position| *position));
            if positions.len() < next + step {
                break;
            }
            step = (step * 2).min(FIND_MAX);
        }
        let events = self.log.read_positions(&positions).await?;
        // Retention may have hidden the first event, and with it what the body was.
        let first = events.first().filter(|event| event.position == position);
        if first.is_some_and(|event| !is_of(event, claim.fingerprint)) {
            return Err(Failure::KeyReused(self.log.head()));
        }
        let position = positions.last().copied().unwrap_or(position);
        Ok(Done { events, position, replayed: true, standing: None, stages: Stages::default() })
    }
}

fn is_of(event: &Recorded, fingerprint: Fingerprint) -> bool {
    event.fingerprint.is_some_and(|first| first.body == fingerprint.body)
}
