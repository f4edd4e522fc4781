//! A hash over a projection's rows, equal for equal rows: for comparing a live projection with a replay.

use crate::database::Database;
use crate::database::row::{Columns, DatabaseFault};
use crate::database::tx::Tx;
use domain::ids::Position;
use futures_util::TryStreamExt;

/// Rows are hashed in parts of so many bytes, side by side, instead of column by column.
const HASHED_AT_ONCE_BYTES: usize = 64 * 1024;

/// The type of a column that goes into the hash.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "named as the columns' types")]
pub enum Kind {
    Bool,
    Bytes,
    Day,
    Int,
    Small,
    Text,
    Time,
    Uuid,
}

/// The rows of one table in the order of their key, without what may differ from a replay (transient facts).
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Selects the rows in order.
    pub select: &'static str,
    /// The columns' types, in the order of the selection.
    pub columns: &'static [Kind],
}

/// The hash of these tables, at one snapshot. The same on both databases.
pub(crate) async fn state_hash(database: &Database, tables: &[Table]) -> Result<[u8; 32], DatabaseFault> {
    let (tx, _) = snapshot(database).await?;
    hash_of(tx, tables).await
}

/// A snapshot and the checkpoint in it.
pub(crate) async fn snapshot(database: &Database) -> Result<(Tx, Position), DatabaseFault> {
    let mut tx = database.begin_read().await?;
    let row = tx.fetch_optional("SELECT position FROM checkpoint", []).await?;
    let position = row.ok_or(DatabaseFault::Damaged("the checkpoint is missing"))?.columns().position()?;
    Ok((tx, position))
}

/// The hash of these tables in a snapshot.
pub(crate) async fn hash_of(mut tx: Tx, tables: &[Table]) -> Result<[u8; 32], DatabaseFault> {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = Vec::with_capacity(2 * HASHED_AT_ONCE_BYTES);
    for table in tables {
        feed(&mut bytes, table.name.as_bytes());
        let mut rows = tx.fetch(table.select);
        while let Some(row) = rows.try_next().await? {
            let mut columns = row.columns();
            for kind in table.columns {
                feed_column(&mut bytes, &mut columns, *kind)?;
            }
            if bytes.len() >= HASHED_AT_ONCE_BYTES {
                hasher.update(&bytes);
                bytes.clear();
            }
        }
    }
    hasher.update(&bytes);
    tx.commit().await?;
    Ok(*hasher.finalize().as_bytes())
}

fn feed(hashed: &mut Vec<u8>, bytes: &[u8]) {
    hashed.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
    hashed.extend_from_slice(bytes);
}

fn feed_column(hashed: &mut Vec<u8>, columns: &mut Columns<'_>, kind: Kind) -> Result<(), DatabaseFault> {
    match kind {
        Kind::Bool => feed_maybe(hashed, columns.maybe::<bool>()?.map(|v| [u8::from(v)])),
        Kind::Bytes => feed_maybe(hashed, columns.maybe_ref::<[u8]>()?),
        Kind::Day => feed_maybe(hashed, columns.maybe::<chrono::NaiveDate>()?.map(|v| v.to_string())),
        Kind::Int => feed_maybe(hashed, columns.maybe::<i64>()?.map(i64::to_be_bytes)),
        Kind::Small => feed_maybe(hashed, columns.maybe::<i16>()?.map(i16::to_be_bytes)),
        Kind::Text => feed_maybe(hashed, columns.maybe_ref::<str>()?),
        Kind::Time => feed_maybe(hashed, columns.maybe_time()?.map(|v| v.micros().to_be_bytes())),
        Kind::Uuid => feed_maybe(hashed, columns.maybe::<uuid::Uuid>()?),
    }
    Ok(())
}

fn feed_maybe(hashed: &mut Vec<u8>, bytes: Option<impl AsRef<[u8]>>) {
    match bytes {
        Some(bytes) => feed(hashed, bytes.as_ref()),
        None => hashed.extend_from_slice(&u64::MAX.to_be_bytes()),
    }
}
