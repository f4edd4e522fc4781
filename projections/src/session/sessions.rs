//! Open sessions of accounts.

use crate::account::accounts::Reader;
use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::{ApplyFault, sealed};
use crate::reader::{At, Opening, ReadFault};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, SessionId};
use domain::proto::session::v1::DeviceWords;
use domain::recorded::Recorded;
use domain::words::Content;
use std::collections::{BTreeMap, BTreeSet};

static UPSERT: Bulk = Bulk::new(
    "INSERT INTO sessions (session, account, device, opened_at, refreshed_at, expires_at)",
    6,
    "ON CONFLICT (session) DO UPDATE SET device = excluded.device, refreshed_at = excluded.refreshed_at, \
     expires_at = excluded.expires_at",
);
static DELETE: Bulk = Bulk::new("DELETE FROM sessions WHERE session IN (", 1, ")");
/// All of an account but one; an account that keeps none gives the nil id.
static DELETE_OTHERS: Bulk = Bulk::new(
    "DELETE FROM sessions WHERE EXISTS (WITH v (account, kept) AS (",
    2,
    ") SELECT 1 FROM v WHERE v.account = sessions.account AND v.kept <> sessions.session)",
);
/// Those of an account that have ended by time.
static DELETE_ENDED: Bulk = Bulk::new(
    "DELETE FROM sessions WHERE EXISTS (WITH v (account, at) AS (",
    2,
    ") SELECT 1 FROM v WHERE v.account = sessions.account AND sessions.expires_at <= v.at)",
);

struct Row {
    account: AccountId,
    device: Option<Vec<u8>>,
    opened_at: Time,
    refreshed_at: Option<Time>,
    expires_at: Time,
}

/// What a batch does to sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    rows: BTreeMap<SessionId, Row>,
    over: BTreeSet<SessionId>,
    /// Accounts whose sessions of before the batch ended, with the one that did not.
    ended: BTreeMap<AccountId, Option<SessionId>>,
    /// Accounts that signed in, and when.
    opened: BTreeMap<AccountId, Time>,
}

impl Sessions {
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.over.is_empty() && self.ended.is_empty()
    }

    /// Takes over an event, in the log's order.
    pub(crate) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let at = recorded.position;
        let unfit = ApplyFault::Unfit(at, "it stands in a stream of another category");
        match &recorded.event {
            Event::SessionOpened(e) => {
                let session = recorded.stream.session_id().ok_or(unfit)?;
                let row = Row {
                    account: e.account,
                    device: e.device.as_ref().map(|words| sealed(words, at)).transpose()?,
                    opened_at: recorded.occurred_at,
                    refreshed_at: None,
                    expires_at: e.refresh_expires_at,
                };
                self.rows.insert(session, row);
                self.opened.insert(e.account, recorded.recorded_at);
            }
            Event::SessionRefreshed(e) => {
                let session = recorded.stream.session_id().ok_or(unfit)?;
                let row = Row {
                    account: e.account,
                    device: e.device.as_ref().map(|words| sealed(words, at)).transpose()?,
                    opened_at: e.opened_at,
                    refreshed_at: Some(recorded.occurred_at),
                    expires_at: e.refresh_expires_at,
                };
                self.rows.insert(session, row);
            }
            Event::SessionRevoked(_) => {
                let session = recorded.stream.session_id().ok_or(unfit)?;
                self.rows.remove(&session);
                self.over.insert(session);
            }
            Event::PasswordChanged(e) => {
                let account = recorded.stream.account_id().ok_or(unfit)?;
                self.rows.retain(|session, row| row.account != account || Some(*session) == e.kept_session);
                // Whoever was not kept by an earlier change of the batch is over already.
                let kept = self.ended.entry(account).or_insert(e.kept_session);
                *kept = kept.filter(|kept| Some(*kept) == e.kept_session);
            }
            // Whoever is over has no session any more.
            Event::ErasureBegun(_) => {
                let account = recorded.stream.account_id().ok_or(unfit)?;
                self.rows.retain(|_, row| row.account != account);
                self.ended.insert(account, None);
            }
            // Every other event is none of a session's: that a new one is, is decided where states are folded.
            _ => {}
        }
        Ok(())
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ApplyFault> {
        let nil = || SessionId::new(uuid::Uuid::nil());
        let ended = self.ended.into_iter().flat_map(|(account, kept)| [account.into(), kept.unwrap_or(nil()).into()]);
        DELETE_OTHERS.execute(tx, ended.collect()).await?;
        DELETE.execute(tx, self.over.into_iter().map(Value::from).collect()).await?;
        let opened = self.opened.into_iter().flat_map(|(account, at)| [account.into(), at.into()]);
        DELETE_ENDED.execute(tx, opened.collect()).await?;
        let rows = self.rows.into_iter().flat_map(|(session, row)| {
            [
                session.into(),
                row.account.into(),
                row.device.into(),
                row.opened_at.into(),
                row.refreshed_at.into(),
                row.expires_at.into(),
            ]
        });
        UPSERT.execute(tx, rows.collect()).await?;
        Ok(())
    }
}

/// An open session.
#[derive(Clone, PartialEq)]
pub struct SessionView {
    /// Which.
    pub id: SessionId,
    /// What the device calls itself, if it does.
    pub device_name: Option<Content<String>>,
    /// When somebody signed in.
    pub opened_at: Time,
    /// When its token was refreshed last.
    pub refreshed_at: Option<Time>,
    /// When it ends unless it is refreshed before.
    pub expires_at: Time,
}

/// Where a page of sessions goes on: after this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionCursor {
    /// When it was opened.
    pub opened_at: Time,
    /// Which.
    pub session: SessionId,
}

const OPEN: &str = "SELECT session, device, opened_at, refreshed_at, expires_at FROM sessions \
     WHERE account = $1 AND expires_at > $2 AND (opened_at < $3 OR (opened_at = $3 AND session < $4)) \
     ORDER BY opened_at DESC, session DESC LIMIT $5";

/// Before this cursor stands every session: the year 9999.
const NEWEST: SessionCursor =
    SessionCursor { opened_at: Time::from_micros(253_402_300_799_000_000), session: SessionId::new(uuid::Uuid::max()) };

impl Reader {
    /// Up to `limit` sessions of the account that are open at `now`, newest first, after a place, and whether there are
    /// more.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn sessions(
        &self,
        account: AccountId,
        now: Time,
        after: Option<SessionCursor>,
        limit: usize,
    ) -> Result<At<(Vec<SessionView>, bool)>, ReadFault> {
        let after = after.unwrap_or(NEWEST);
        let (mut tx, position) = self.0.snapshot().await?;
        let asked = limit as u64 + 1;
        let values = [account.into(), now.into(), after.opened_at.into(), after.session.into(), Value::from(asked)];
        let rows = tx.fetch_all(OPEN, values).await?;
        tx.commit().await?;
        let mut opening = Opening::default();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows.iter().take(limit) {
            let mut columns = row.columns();
            let id = columns.session()?;
            let slot = columns.maybe_sealed()?.map(|field| opening.add(field));
            let (opened_at, refreshed_at) = (columns.time()?, columns.maybe_time()?);
            let view = SessionView { id, device_name: None, opened_at, refreshed_at, expires_at: columns.time()? };
            found.push((view, slot));
        }
        let opened = opening.open(&*self.0.words).await?;
        let mut views = Vec::with_capacity(found.len());
        for (view, slot) in found {
            let device_name = match slot {
                Some(slot) => Some(opened.words::<DeviceWords>(slot)?.map(|words| words.device_name)),
                None => None,
            };
            views.push(SessionView { device_name, ..view });
        }
        Ok(At { position, value: (views, rows.len() > limit) })
    }
}
