//! A hash over a projection's rows, equal for equal rows: for comparing a live projection with a replay.

use crate::database::Database;
use crate::database::row::{Columns, DatabaseFault};
use crate::database::tx::Tx;
use domain::ids::Position;
use futures_util::TryStreamExt;

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
    for table in tables {
        feed(&mut hasher, table.name.as_bytes());
        let mut rows = tx.fetch(table.select);
        while let Some(row) = rows.try_next().await? {
            let mut columns = row.columns();
            for kind in table.columns {
                feed_column(&mut hasher, &mut columns, *kind)?;
            }
        }
    }
    tx.commit().await?;
    Ok(*hasher.finalize().as_bytes())
}

fn feed(hasher: &mut blake3::Hasher, bytes: &[u8]) {
    hasher.update(&(bytes.len() as u64).to_be_bytes());
    hasher.update(bytes);
}

fn feed_column(hasher: &mut blake3::Hasher, columns: &mut Columns<'_>, kind: Kind) -> Result<(), DatabaseFault> {
    let bytes = match kind {
        Kind::Bool => columns.maybe::<bool>()?.map(|v| vec![u8::from(v)]),
        Kind::Bytes => columns.maybe::<Vec<u8>>()?,
        Kind::Day => columns.maybe::<chrono::NaiveDate>()?.map(|v| v.to_string().into_bytes()),
        Kind::Int => columns.maybe::<i64>()?.map(|v| v.to_be_bytes().to_vec()),
        Kind::Small => columns.maybe::<i16>()?.map(|v| v.to_be_bytes().to_vec()),
        Kind::Text => columns.maybe::<String>()?.map(String::into_bytes),
        Kind::Time => columns.maybe_time()?.map(|v| v.micros().to_be_bytes().to_vec()),
        Kind::Uuid => columns.maybe::<uuid::Uuid>()?.map(|v| v.into_bytes().to_vec()),
    };
    match bytes {
        Some(bytes) => feed(hasher, &bytes),
        None => {
            hasher.update(&u64::MAX.to_be_bytes());
        }
    }
    Ok(())
}
