//! When accounts are to be erased, and were: part of the projection of accounts.

use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::ApplyFault;
use crate::reader::{Access, At, ReadFault};
use domain::account::values::Role;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, Position};
use domain::recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};

static SET_ERASES_AT: Bulk = Bulk::new(
    "WITH v (account, erases_at) AS (",
    2,
    ") UPDATE accounts SET erases_at = v.erases_at FROM v WHERE accounts.account = v.account",
);
/// Whoever is over has no role any more.
static END: Bulk = Bulk::new(
    "WITH v (account, role) AS (",
    2,
    ") UPDATE accounts SET role = v.role FROM v WHERE accounts.account = v.account",
);
static SET_ERASED_AT: Bulk = Bulk::new(
    "WITH v (account, erased_at) AS (",
    2,
    ") UPDATE accounts SET erased_at = v.erased_at FROM v WHERE accounts.account = v.account",
);

/// What a batch changes.
#[derive(Default)]
pub(super) struct Changes {
    erases_at: BTreeMap<AccountId, Option<Time>>,
    ended: BTreeSet<AccountId>,
    erased_at: BTreeMap<AccountId, Time>,
    last: Position,
}

impl Changes {
    /// Takes over an event.
    pub(super) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let at = recorded.position;
        let account = recorded.stream.account_id().ok_or(ApplyFault::Unfit(at, "its stream is no account's"))?;
        match &recorded.event {
            Event::ErasureRequested(e) => {
                self.erases_at.insert(account, Some(e.erases_at));
            }
            Event::ErasureCancelled(_) => {
                self.erases_at.insert(account, None);
            }
            Event::ErasureBegun(_) => {
                self.ended.insert(account);
            }
            Event::AccountErased(_) => {
                self.erased_at.insert(account, recorded.occurred_at);
            }
            _ => return Ok(()),
        }
        self.last = at;
        Ok(())
    }

    /// Writes them, after everything else of the batch.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), ApplyFault> {
        let expected = (self.erases_at.len() + self.ended.len() + self.erased_at.len()) as u64;
        let rows = self.erases_at.into_iter().flat_map(|(account, at)| [account.into(), Value::from(at)]);
        let mut touched = SET_ERASES_AT.execute(tx, rows.collect()).await?;
        let rows = self.ended.into_iter().flat_map(|account| [account.into(), Role::User.as_str().into()]);
        touched += END.execute(tx, rows.collect()).await?;
        let rows = self.erased_at.into_iter().flat_map(|(account, at)| [account.into(), Value::from(at)]);
        touched += SET_ERASED_AT.execute(tx, rows.collect()).await?;
        if touched == expected { Ok(()) } else { Err(ApplyFault::Unfit(self.last, "its account was never registered")) }
    }
}

/// Up to `limit` accounts that are to be erased by `now` and are not, the longest due first.
pub(super) async fn due(access: &Access, now: Time, limit: usize) -> Result<At<Vec<AccountId>>, ReadFault> {
    let (mut tx, position) = access.snapshot().await?;
    let rows = tx
        .fetch_all(
            "SELECT account FROM accounts WHERE erases_at IS NOT NULL AND erased_at IS NULL AND erases_at <= $1 \
             ORDER BY erases_at, account LIMIT $2",
            [now.into(), (limit as u64).into()],
        )
        .await?;
    tx.commit().await?;
    let value = rows.iter().map(|row| row.columns().account()).collect::<Result<_, _>>()?;
    Ok(At { position, value })
}
