//! Views for analysts on PostgreSQL, in a schema of their own: their names stay while the copies behind them change.
//!
//! On SQLite the views stand in the projection's file alone.

use crate::database::Database;
use sqlx::AssertSqlSafe;

/// The schema, after the prefix of all schemas.
const SCHEMA: &str = "analytics";

/// What is shown, as the projection's schema names it, too. docs/analytics.md describes each.
const VIEWS: [&str; 6] =
    ["messages_per_day", "messages_per_hour", "members_per_day", "members", "reactions_per_emoji", "events_per_hour"];

/// Shows this copy from now on. Rights that were granted on the views stay.
pub(crate) async fn show(database: &Database, prefix: &str) -> Result<(), sqlx::Error> {
    let Database::Postgres { write, schema: copy, .. } = database else { return Ok(()) };
    let schema = format!("{prefix}{SCHEMA}");
    let mut tx = write.begin().await?;
    // Two processes that start at the same time would stumble over each other's schema.
    let key = blake3::hash(format!("tidings views {schema}").as_bytes());
    let key = key.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(key).execute(&mut *tx).await?;
    let mut statements = vec![format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\"")];
    statements.extend(
        VIEWS.map(|view| format!("CREATE OR REPLACE VIEW \"{schema}\".{view} AS SELECT * FROM \"{copy}\".{view}")),
    );
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    tx.commit().await
}
