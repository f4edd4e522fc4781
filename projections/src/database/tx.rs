//! A transaction of either database.

use crate::database::row::Row;
use crate::database::value::{Value, postgres_arguments, sqlite_arguments};
use futures_util::TryStreamExt;
use futures_util::stream::BoxStream;
use sqlx::{Postgres, SqlSafeStr, Sqlite, Transaction};

/// A transaction of either database; dropped without a commit it is rolled back.
#[derive(Debug)]
pub enum Tx {
    /// On a SQLite file.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs one query on whichever connection the transaction has.
macro_rules! dispatch {
    ($tx:expr, $sql:expr, $values:expr, |$query:ident, $connection:ident, $wrap:ident| $run:expr) => {{
        let values = $values.into_iter();
        match $tx {
            Tx::Sqlite(tx) => {
                let arguments = sqlite_arguments(values).map_err(sqlx::Error::Encode)?;
                let ($query, $connection) = (sqlx::query_with($sql, arguments), &mut **tx);
                let $wrap = Row::Sqlite;
                $run
            }
            Tx::Postgres(tx) => {
                let arguments = postgres_arguments(values).map_err(sqlx::Error::Encode)?;
                let ($query, $connection) = (sqlx::query_with($sql, arguments), &mut **tx);
                let $wrap = Row::Postgres;
                $run
            }
        }
    }};
}

impl Tx {
    /// Runs a statement; gives how many rows it touched.
    pub async fn execute(
        &mut self,
        sql: impl SqlSafeStr,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<u64, sqlx::Error> {
        dispatch!(self, sql, values, |query, connection, _wrap| Ok(query.execute(connection).await?.rows_affected()))
    }

    /// Every row of a query whose answer is known to be small.
    pub async fn fetch_all(
        &mut self,
        sql: impl SqlSafeStr,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, sqlx::Error> {
        dispatch!(self, sql, values, |query, connection, wrap| Ok(query
            .fetch_all(connection)
            .await?
            .into_iter()
            .map(wrap)
            .collect()))
    }

    /// The first row, if there is one.
    pub async fn fetch_optional(
        &mut self,
        sql: impl SqlSafeStr,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Option<Row>, sqlx::Error> {
        dispatch!(self, sql, values, |query, connection, wrap| Ok(query.fetch_optional(connection).await?.map(wrap)))
    }

    /// The rows one by one, for answers of any size.
    pub fn fetch(&mut self, sql: &'static str) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        match self {
            Tx::Sqlite(tx) => Box::pin(sqlx::query(sql).fetch(&mut **tx).map_ok(Row::Sqlite)),
            Tx::Postgres(tx) => Box::pin(sqlx::query(sql).fetch(&mut **tx).map_ok(Row::Postgres)),
        }
    }

    /// Makes it count.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Tx::Sqlite(tx) => tx.commit().await,
            Tx::Postgres(tx) => tx.commit().await,
        }
    }
}
