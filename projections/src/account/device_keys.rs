//! Keys of accounts' devices: part of the projection of accounts, in tables of its own.

use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::{ApplyFault, sealed};
use crate::reader::{Access, At, Opening, ReadFault};
use crate::state_hash::{Kind, Table};
use bytes::Bytes;
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, DeviceId, DeviceKeyId};
use domain::proto::account::v1::DeviceKeyWords;
use domain::recorded::Recorded;
use domain::words::Content;
use std::collections::BTreeMap;
use uuid::Uuid;

static PUT: Bulk = Bulk::new(
    "INSERT INTO device_keys (account, device, key_id, words, published_at)",
    5,
    "ON CONFLICT (account, device) DO UPDATE SET key_id = excluded.key_id, words = excluded.words, \
     published_at = excluded.published_at",
);
static DELETE: Bulk = Bulk::new(
    "WITH v (account, device) AS (",
    2,
    ") DELETE FROM device_keys WHERE (account, device) IN (SELECT v.account, v.device FROM v)",
);
static PUT_REVISIONS: Bulk = Bulk::new(
    "INSERT INTO device_key_revisions (account, revision)",
    2,
    "ON CONFLICT (account) DO UPDATE SET revision = excluded.revision",
);

pub(super) const KEYS_TABLE: Table = Table {
    name: "device_keys",
    select: "SELECT account, device, key_id, words, published_at FROM device_keys ORDER BY account, device",
    columns: &[Kind::Uuid, Kind::Uuid, Kind::Uuid, Kind::Bytes, Kind::Time],
};

pub(super) const REVISIONS_TABLE: Table = Table {
    name: "device_key_revisions",
    select: "SELECT account, revision FROM device_key_revisions ORDER BY account",
    columns: &[Kind::Uuid, Kind::Int],
};

/// What a batch changes.
#[derive(Default)]
pub(super) struct Changes {
    /// The key that a device has in the end; none when it was removed.
    keys: BTreeMap<(AccountId, DeviceId), Option<[Value; 3]>>,
    revisions: BTreeMap<AccountId, u64>,
}

impl Changes {
    /// Takes over an event.
    pub(super) fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let at = recorded.position;
        let (device, key) = match &recorded.event {
            Event::DeviceKeyPublished(e) => {
                (e.device, Some([e.key.into(), sealed(&e.words, at)?.into(), recorded.occurred_at.into()]))
            }
            Event::DeviceKeyRemoved(e) => (e.device, None),
            _ => return Ok(()),
        };
        let account = recorded.stream.account_id().ok_or(ApplyFault::Unfit(at, "its stream is no account's"))?;
        self.keys.insert((account, device), key);
        self.revisions.insert(account, recorded.revision);
        Ok(())
    }

    /// Writes them.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), ApplyFault> {
        let (mut there, mut gone) = (Vec::new(), Vec::new());
        for ((account, device), key) in self.keys {
            let name = [account.into(), device.into()];
            match key {
                Some(key) => there.extend(name.into_iter().chain(key)),
                None => gone.extend(name),
            }
        }
        DELETE.execute(tx, gone).await?;
        PUT.execute(tx, there).await?;
        let revisions = self.revisions.into_iter().flat_map(|(account, at)| [account.into(), Value::from(at)]);
        PUT_REVISIONS.execute(tx, revisions.collect()).await?;
        Ok(())
    }
}

/// The keys of an account's devices.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceKeys {
    /// The one that was published last comes last. Erased ones are left out.
    pub items: Vec<DeviceKeyView>,
    /// The revision of the account's stream at their newest change; none when there never was one.
    pub revision: Option<u64>,
}

/// The key of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceKeyView {
    /// Which device.
    pub device: DeviceId,
    /// What messages name the key by.
    pub key: DeviceKeyId,
    /// What kind of key.
    pub algorithm: String,
    /// The key.
    pub public_key: Bytes,
    /// When it was published.
    pub published_at: Time,
}

/// The keys of an account's devices; none for an account that does not exist.
pub(super) async fn of(access: &Access, account: AccountId) -> Result<At<Option<DeviceKeys>>, ReadFault> {
    let (mut tx, position) = access.snapshot().await?;
    let known = tx
        .fetch_optional(
            "SELECT r.revision FROM accounts a LEFT JOIN device_key_revisions r ON r.account = a.account \
             WHERE a.account = $1",
            [account.into()],
        )
        .await?;
    let Some(known) = known else { return Ok(At { position, value: None }) };
    let rows = tx
        .fetch_all(
            "SELECT device, key_id, published_at, words FROM device_keys WHERE account = $1 \
             ORDER BY published_at, device",
            [account.into()],
        )
        .await?;
    tx.commit().await?;
    let mut opening = Opening::default();
    let mut sealed = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = row.columns();
        let device = DeviceId::new(columns.take::<Uuid>()?);
        let key = DeviceKeyId::new(columns.take::<Uuid>()?);
        let published_at = columns.time()?;
        sealed.push((device, key, published_at, opening.add(columns.sealed()?)));
    }
    let opened = opening.open(&*access.words).await?;
    let mut items = Vec::with_capacity(sealed.len());
    for (device, key, published_at, slot) in sealed {
        if let Content::Present(DeviceKeyWords { algorithm, public_key }) = opened.words(slot)? {
            items.push(DeviceKeyView { device, key, algorithm, public_key, published_at });
        }
    }
    Ok(At { position, value: Some(DeviceKeys { items, revision: known.columns().maybe_number()? }) })
}
