//! What people chose for themselves: by themselves, and of many at once for whoever shows them to others.

use crate::account::accounts::Reader;
use crate::database::bulk::Bulk;
use crate::database::value::Value;
use crate::reader::{At, Opening, ReadFault};
use domain::ids::AccountId;
use domain::proto::account::v1::SettingsWords;
use domain::words::Content;
use std::collections::BTreeMap;

/// What others are told of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signals {
    /// How far the person has read.
    pub read_receipts: bool,
    /// That the person is there.
    pub presence: bool,
}

/// What a person chose.
#[derive(Clone, PartialEq)]
pub struct SettingsView {
    /// What others are told.
    pub signals: Signals,
    /// Where the person's day begins, if they said so.
    pub time_zone: Option<Content<String>>,
    /// The account's revision: that of the settings' entity tag.
    pub revision: u64,
}

static SIGNALS: Bulk = Bulk::new(
    "WITH v (account) AS (",
    1,
    ") SELECT accounts.account, accounts.read_receipts, accounts.presence FROM v \
     JOIN accounts ON accounts.account = v.account",
);

impl Reader {
    /// What the person chose; none for an account that does not exist.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn settings(&self, account: AccountId) -> Result<At<Option<SettingsView>>, ReadFault> {
        const SELECT: &str = "SELECT read_receipts, presence, time_zone, revision FROM accounts WHERE account = $1";
        let (mut tx, position) = self.0.snapshot().await?;
        let row = tx.fetch_optional(SELECT, [account.into()]).await?;
        tx.commit().await?;
        let Some(row) = row else { return Ok(At { position, value: None }) };
        let mut columns = row.columns();
        let signals = Signals { read_receipts: columns.take()?, presence: columns.take()? };
        let mut opening = Opening::default();
        let slot = columns.maybe_sealed()?.map(|field| opening.add(field));
        let revision = columns.number()?;
        let opened = opening.open(&*self.0.words).await?;
        let time_zone = match slot {
            Some(slot) => Some(opened.words::<SettingsWords>(slot)?.map(|words| words.time_zone)),
            None => None,
        };
        Ok(At { position, value: Some(SettingsView { signals, time_zone, revision }) })
    }

    /// What others are told of these accounts; those that do not exist are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signals(&self, accounts: &[AccountId]) -> Result<At<BTreeMap<AccountId, Signals>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = SIGNALS.fetch(&mut tx, accounts.iter().copied().map(Value::from).collect()).await?;
        tx.commit().await?;
        let mut value = BTreeMap::new();
        for row in &rows {
            let mut columns = row.columns();
            let account = columns.account()?;
            value.insert(account, Signals { read_receipts: columns.take()?, presence: columns.take()? });
        }
        Ok(At { position, value })
    }
}
