//! Which sessions are over although their access tokens have not ended: folded from the log's tail, so every process that
//! follows the log knows within moments, and again at the start from what the log says of the last hours.
//!
//! A token is a signed statement that nobody can take back, so every request asks here too. What stands here is as old as
//! a token can get, at most; then the tokens have ended by themselves and it is forgotten.
//!
//! A socket lives as long as its session, not as long as the token it was opened with: a client that refreshes need not
//! open it again. So sockets are told from here when their session is over.

use crate::auth::caller::Caller;
use crate::auth::token::unauthenticated;
use crate::problem::Problem;
use domain::clock::{Clock, Time};
use domain::event::{Event, EventType};
use domain::ids::{AccountId, Position, SessionId};
use domain::recorded::Recorded;
use domain::source::{Direction, EventSource, Filter, SourceFault};
use futures_util::StreamExt;
use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Ends that are remembered, at most. When there are more, every token that is as old as a forgotten one is refused and
/// its client must refresh: nothing that is over passes.
const REMEMBERED_MAX: usize = 1 << 19;
/// Events that are read at once at the start.
const PAGE_EVENTS: usize = 512;
/// How long to wait after a fault.
const RETRY: Duration = Duration::from_millis(250);

/// What ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ended {
    Session(SessionId),
    /// The account's sessions that rest on an older password than the one that was set at this revision, but for one.
    Of(AccountId),
}

#[derive(Clone, Copy)]
struct Password {
    revision: u64,
    kept: Option<SessionId>,
}

#[derive(Default)]
struct Known {
    sessions: HashMap<SessionId, Time>,
    passwords: HashMap<AccountId, (Password, Time)>,
    /// In the order in which they are forgotten.
    order: VecDeque<(Time, Ended)>,
    /// Tokens that were issued at or before this time are refused: what ended then is no more known.
    floor: Option<Time>,
    sockets: HashMap<AccountId, Vec<(u64, Caller, CancellationToken)>>,
    next_socket: u64,
}

/// The sessions that are over.
pub struct Revocations {
    known: Mutex<Known>,
    clock: Arc<dyn Clock>,
    /// Seconds that an access token can live, at most.
    life_seconds: i64,
}

impl Revocations {
    /// None yet.
    pub fn new(clock: Arc<dyn Clock>, life_seconds: i64) -> Arc<Self> {
        Arc::new(Self { known: Mutex::default(), clock, life_seconds })
    }

    /// Whether the caller's session goes on.
    ///
    /// # Errors
    /// [`crate::problem::Code::Unauthenticated`] when it is over.
    pub fn check(&self, caller: &Caller) -> Result<(), Problem> {
        if self.known.lock().is_over(caller) {
            return Err(unauthenticated().detail("the session is over"));
        }
        Ok(())
    }

    /// Tells a connection that outlives its request when the caller's session is over.
    ///
    /// # Errors
    /// [`crate::problem::Code::Unauthenticated`] when it is over already.
    pub fn watch(self: &Arc<Self>, caller: Caller) -> Result<Watch, Problem> {
        let over = CancellationToken::new();
        let mut known = self.known.lock();
        if known.is_over(&caller) {
            return Err(unauthenticated().detail("the session is over"));
        }
        let number = known.next_socket;
        known.next_socket += 1;
        known.sockets.entry(caller.account).or_default().push((number, caller, over.clone()));
        Ok(Watch { revocations: Arc::clone(self), account: caller.account, number, over })
    }

    /// Takes over an event, whatever it is.
    pub fn take(&self, recorded: &Recorded) {
        let at = recorded.recorded_at;
        let mut known = self.known.lock();
        let account = match &recorded.event {
            Event::SessionRevoked(e) => {
                let Some(session) = recorded.stream.session_id() else { return };
                if known.sessions.insert(session, at).is_none() {
                    known.order.push_back((at, Ended::Session(session)));
                }
                e.account
            }
            Event::PasswordChanged(e) => {
                let Some(account) = recorded.stream.account_id() else { return };
                known.end_older(account, Password { revision: recorded.revision, kept: e.kept_session }, at);
                account
            }
            // Like a new password that keeps nobody, and that nobody can sign in with.
            Event::ErasureBegun(_) => {
                let Some(account) = recorded.stream.account_id() else { return };
                known.end_older(account, Password { revision: recorded.revision, kept: None }, at);
                account
            }
            _ => return,
        };
        known.tell(account);
        known.forget(self.clock.now().plus_seconds(-self.life_seconds));
    }

    /// Learns what ended, at or before a position, while tokens that still live were issued.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn recall(&self, log: &dyn EventSource, up_to: Position) -> Result<(), SourceFault> {
        let since = self.clock.now().plus_seconds(-self.life_seconds);
        let types = vec![EventType::SessionRevoked, EventType::PasswordChanged, EventType::ErasureBegun];
        let stream_prefixes = ["session-", "account-"].map(Into::into).to_vec();
        let filter = Filter { stream_prefixes, types };
        let mut from = Position(up_to.0 + 1);
        let mut found: Vec<Arc<Recorded>> = Vec::new();
        loop {
            let slice = log.read_all(from, Direction::Backward, PAGE_EVENTS, &filter).await?;
            let is_old = slice.events.last().is_some_and(|event| event.recorded_at < since);
            found.extend(slice.events.into_iter().filter(|event| event.recorded_at >= since));
            // A page may hold nothing that fits: how old the place is that it ended at tells whether to go on.
            let here = log.read_positions(&[slice.next]).await?;
            let is_old = is_old || here.first().is_some_and(|event| event.recorded_at < since);
            if slice.at_end || is_old || found.len() > REMEMBERED_MAX {
                break;
            }
            from = slice.next;
        }
        found.iter().rev().for_each(|event| self.take(event));
        Ok(())
    }

    /// Follows the log after a position until `stop` fires or the log closes.
    pub async fn follow(self: Arc<Self>, log: Arc<dyn EventSource>, mut after: Position, stop: CancellationToken) {
        loop {
            let mut batches = log.subscribe(after);
            while let Some(Some(batch)) = stop.run_until_cancelled(batches.next()).await {
                match batch {
                    Ok(events) => {
                        events.iter().for_each(|event| self.take(event));
                        after = events.last().map_or(after, |last| last.position);
                    }
                    Err(SourceFault::Closed) => return,
                    Err(fault) => {
                        tracing::warn!(error = %fault, position = %after, "the ends of sessions will be read on from here");
                        break;
                    }
                }
            }
            if stop.run_until_cancelled(tokio::time::sleep(RETRY)).await.is_none() {
                return;
            }
        }
    }

    /// How many connections are to be told.
    pub fn connections(&self) -> usize {
        self.known.lock().sockets.values().map(Vec::len).sum()
    }

    /// How many ends are remembered.
    pub fn len(&self) -> usize {
        self.known.lock().order.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Known {
    fn is_over(&self, caller: &Caller) -> bool {
        let is_forgotten = self.floor.is_some_and(|floor| caller.issued_at <= floor);
        is_forgotten || self.has_ended(caller)
    }

    fn has_ended(&self, caller: &Caller) -> bool {
        let by_password = self.passwords.get(&caller.account).is_some_and(|(password, _)| {
            caller.credential_revision < password.revision && password.kept != Some(caller.session)
        });
        by_password || self.sessions.contains_key(&caller.session)
    }

    /// Ends the sessions of an account that rest on an older password.
    fn end_older(&mut self, account: AccountId, password: Password, at: Time) {
        let is_newest = self.passwords.get(&account).is_none_or(|(old, _)| old.revision < password.revision);
        if is_newest {
            self.passwords.insert(account, (password, at));
            self.order.push_back((at, Ended::Of(account)));
        }
    }

    fn tell(&self, account: AccountId) {
        for (_, caller, over) in self.sockets.get(&account).into_iter().flatten() {
            if self.has_ended(caller) {
                over.cancel();
            }
        }
    }

    /// Forgets what ended before a time, and the oldest when there is too much.
    fn forget(&mut self, before: Time) {
        while let Some((at, ended)) = self.order.front().copied() {
            let is_too_much = self.order.len() > REMEMBERED_MAX;
            if at >= before && !is_too_much {
                return;
            }
            self.order.pop_front();
            if at >= before {
                self.floor = self.floor.max(Some(at));
            }
            match ended {
                Ended::Session(session) => {
                    self.sessions.remove(&session);
                }
                // A newer change stands further behind.
                Ended::Of(account) if self.passwords.get(&account).is_some_and(|(_, of)| *of <= at) => {
                    self.passwords.remove(&account);
                }
                Ended::Of(_) => {}
            }
        }
    }
}

/// Tells when a session is over. Dropped with its connection.
pub struct Watch {
    revocations: Arc<Revocations>,
    account: AccountId,
    number: u64,
    over: CancellationToken,
}

impl Watch {
    /// Ends when the session is over.
    pub async fn over(&self) {
        self.over.cancelled().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut known = self.revocations.known.lock();
        if let Some(sockets) = known.sockets.get_mut(&self.account) {
            sockets.retain(|(number, ..)| *number != self.number);
            if sockets.is_empty() {
                known.sockets.remove(&self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests;
