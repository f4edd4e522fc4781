//! The databases of the read models: SQLite or PostgreSQL behind one small dispatch.
//!
//! SQL is written once, in the subset that both share: `$1` placeholders, `ON CONFLICT`, `RETURNING`,
//! `UPDATE … FROM`, common table expressions over `VALUES`. Only migrations come twice. `sqlx::Any` is not used: its
//! SQLite driver cannot decode booleans.

pub mod analytics;
pub mod bulk;
pub mod examine;
pub mod migrations;
pub mod open;
pub mod row;
pub mod tx;
pub mod url;
pub mod value;

use crate::database::tx::Tx;
use sqlx::{PgPool, SqlitePool};

/// The database of one version of one projection.
#[derive(Clone, Debug)]
pub enum Database {
    /// A file of its own.
    Sqlite {
        /// The only connection that writes.
        write: SqlitePool,
        /// Read-only connections.
        read: SqlitePool,
    },
    /// A schema of its own.
    Postgres {
        /// The connection that applies events.
        write: PgPool,
        /// Connections for queries.
        read: PgPool,
        /// The schema, which also names the projection in notifications.
        schema: String,
    },
}

impl Database {
    /// Begins a transaction that writes.
    pub(crate) async fn begin_write(&self) -> Result<Tx, sqlx::Error> {
        match self {
            Database::Sqlite { write, .. } => write.begin_with("BEGIN IMMEDIATE").await.map(Tx::Sqlite),
            Database::Postgres { write, .. } => write.begin().await.map(Tx::Postgres),
        }
    }

    /// Begins a read of one snapshot: everything read in it is as of one commit.
    pub(crate) async fn begin_read(&self) -> Result<Tx, sqlx::Error> {
        match self {
            // In WAL mode the first read of a deferred transaction takes the snapshot.
            Database::Sqlite { read, .. } => read.begin().await.map(Tx::Sqlite),
            Database::Postgres { read, .. } => {
                read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Tx::Postgres)
            }
        }
    }

    /// Waits for what runs and closes every connection.
    pub(crate) async fn close(&self) {
        match self {
            Database::Sqlite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Database::Postgres { write, read, .. } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}
