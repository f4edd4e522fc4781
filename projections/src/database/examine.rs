//! What an operator wants to know of the read models' database before trusting it.

use crate::database::url::DatabaseUrl;
use sqlx::{ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use std::time::{Duration, Instant};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Such as `PostgreSQL 16.4` or `SQLite 3.50.4`.
    pub version: String,
    /// PostgreSQL: whether commits reach the disk at all (`fsync`).
    pub syncs: bool,
    /// PostgreSQL: connections that are open and that there may be.
    pub connections: Option<(i64, i64)>,
    /// How long one question and its answer took.
    pub round_trip: Duration,
}

/// Asks the database. Changes nothing.
///
/// # Errors
/// When it does not answer.
pub async fn examine(url: &DatabaseUrl) -> Result<Examined, sqlx::Error> {
    match url {
        DatabaseUrl::Sqlite { .. } => {
            let mut connection = SqliteConnection::connect("sqlite::memory:").await?;
            let began = Instant::now();
            let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
            let round_trip = began.elapsed();
            connection.close().await?;
            Ok(Examined { version: format!("SQLite {version}"), syncs: true, connections: None, round_trip })
        }
        DatabaseUrl::Postgres { url, .. } => {
            let options = url.parse::<sqlx::postgres::PgConnectOptions>()?.application_name("tidings doctor");
            let mut connection: PgConnection = options.connect().await?;
            let began = Instant::now();
            let row = sqlx::query(
                "SELECT current_setting('server_version'), current_setting('fsync') = 'on', \
                 (SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::bigint",
            )
            .fetch_one(&mut connection)
            .await?;
            let round_trip = began.elapsed();
            connection.close().await?;
            Ok(Examined {
                version: format!("PostgreSQL {}", row.try_get::<String, _>(0)?),
                syncs: row.try_get(1)?,
                connections: Some((row.try_get(2)?, row.try_get(3)?)),
                round_trip,
            })
        }
    }
}
