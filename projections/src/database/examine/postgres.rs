//! PostgreSQL: what the server says of itself, and each schema's checkpoint.

use super::{CATALOGUE, Examined, KNOWN, LIVE, ReadModel, Server, Standing, label};
use domain::ids::{LogId, Position};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row};
use std::time::Instant;
use uuid::Uuid;

/// Asks the server, then each schema.
pub(super) async fn examine(url: &str, prefix: &str) -> Result<Examined, sqlx::Error> {
    let options = url.parse::<PgConnectOptions>()?.application_name("tidings doctor").disable_statement_logging();
    let mut connection: PgConnection = options.connect().await?;
    let began = Instant::now();
    let row = sqlx::query(
        "SELECT current_setting('server_version'), current_setting('fsync') = 'on', \
         (SELECT count(*) FROM pg_stat_activity), current_setting('max_connections')::bigint",
    )
    .fetch_one(&mut connection)
    .await?;
    let round_trip = began.elapsed();
    let server = Server { syncs: row.try_get(1)?, open: row.try_get(2)?, max: row.try_get(3)? };
    let version = Some(format!("PostgreSQL {}", row.try_get::<String, _>(0)?));

    let mut read_models = Vec::new();
    let schema = format!("{prefix}{CATALOGUE}");
    let (standing, live) = match catalogue(&mut connection, &schema).await {
        Ok(found) => found,
        Err(fault) => (why(&fault), Vec::new()),
    };
    read_models.push(ReadModel { name: CATALOGUE, place: schema, standing });
    for (name, version) in KNOWN {
        let schema = format!("{prefix}{}", label(&live, name, version));
        let standing = match read_model(&mut connection, &schema, name).await {
            Ok(standing) => standing,
            Err(fault) => why(&fault),
        };
        read_models.push(ReadModel { name, place: schema, standing });
    }
    connection.close().await?;
    Ok(Examined { version, round_trip, server: Some(server), read_models })
}

async fn catalogue(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<(Standing, Vec<(String, i64, i64)>), sqlx::Error> {
    if !is_there(connection, schema).await? {
        return Ok((Standing::Missing, Vec::new()));
    }
    let sql = LIVE.replace("copies", &format!("\"{schema}\".copies"));
    let live = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(connection).await?;
    Ok((Standing::Sound { at: None, is_looked_through: true }, live))
}

async fn read_model(connection: &mut PgConnection, schema: &str, name: &str) -> Result<Standing, sqlx::Error> {
    if !is_there(connection, schema).await? {
        return Ok(Standing::Missing);
    }
    let sql = format!("SELECT position, log_id FROM \"{schema}\".checkpoint WHERE name = $1");
    let at: Option<(i64, Uuid)> = sqlx::query_as(AssertSqlSafe(sql)).bind(name).fetch_optional(connection).await?;
    let at = at.map(|(position, log)| (Position(position.unsigned_abs()), LogId::new(log)));
    Ok(Standing::Sound { at, is_looked_through: true })
}

/// Whether there is a schema with something in it.
async fn is_there(connection: &mut PgConnection, schema: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1)",
    )
    .bind(schema)
    .fetch_one(connection)
    .await
}

/// A table that should be there, rows that cannot be read: SQLSTATE 42P01, 42703, XX001 and XX002.
fn why(fault: &sqlx::Error) -> Standing {
    let code = fault.as_database_error().and_then(|error| error.code());
    let is_damage = code.is_some_and(|code| ["42P01", "42703", "XX001", "XX002"].contains(&&*code));
    if is_damage { Standing::Damaged(fault.to_string()) } else { Standing::Silent(fault.to_string()) }
}
