//! The keys store of the embedded default: one SQLite file, `data/keys/keys.db`, that only its owner can read.

use crate::seal::keys::rows::{Row, in_order_of, in_order_of_subjects, key_ref, to_column, to_position};
use crate::seal::keys::{Kept, KeyStore, KeysFault, Newest};
use crate::seal::wrapping::Wrapped;
use domain::ids::{LogId, Position};
use domain::source::BoxFuture;
use domain::words::{KeyRef, Subject};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS subject_keys (
    subject TEXT NOT NULL,
    generation INTEGER NOT NULL,
    wrapped BLOB,
    PRIMARY KEY (subject, generation)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hash_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    wrapped BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS marked (
    log TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;
";
const CONNECTIONS_MAX: u32 = 4;
const BUSY_TIMEOUT_SECONDS: u64 = 5;

/// A keys store in a SQLite file. Every answered call is on disk (`synchronous = FULL`).
#[derive(Debug)]
pub struct SqliteKeys {
    pool: SqlitePool,
}

impl SqliteKeys {
    /// Opens the file, making it and its directory if they are not there.
    ///
    /// # Errors
    /// When it cannot be made, protected or opened.
    pub async fn open(file: &Path) -> Result<Self, KeysFault> {
        protect(file).map_err(KeysFault::File)?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(BUSY_TIMEOUT_SECONDS))
            // The place of a destroyed key is overwritten, not only given free.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        // A destruction may have been interrupted before it came to this.
        empty_side_file(&pool).await?;
        open_all(&pool).await?;
        Ok(Self { pool })
    }
}

/// Opens every connection; they stay. Each is a thread with the priority of the one that opens it, and read models open
/// words at a low one. One after the other: several that set the file's mode at the same time find it locked.
async fn open_all(pool: &SqlitePool) -> sqlx::Result<()> {
    let mut opened = Vec::new();
    for _ in 0..CONNECTIONS_MAX {
        opened.push(pool.acquire().await?);
    }
    Ok(())
}

/// Makes the file (and its directory) with rights for its owner alone. SQLite gives its side files the same rights.
fn protect(file: &Path) -> std::io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(file)?;
    made.set_permissions(Permissions::from_mode(0o600))?;
    made.sync_all()?;
    File::open(directory)?.sync_all()
}

/// Cuts the write-ahead log to nothing. SQLite tells as a row, not as an error, that a reader held it up.
async fn empty_side_file(pool: &SqlitePool) -> Result<(), KeysFault> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(pool).await?;
    if busy == 0 { Ok(()) } else { Err(KeysFault::Busy) }
}

/// Pairs of subject and generation as a JSON text, which is how SQLite takes a list.
fn to_json(keys: impl Iterator<Item = KeyRef>) -> String {
    let pairs: Vec<_> =
        keys.map(|key| format!("[\"{}\",{}]", key.subject.stream_key(), to_column(key.generation))).collect();
    format!("[{}]", pairs.join(","))
}

fn in_hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

impl KeyStore for SqliteKeys {
    fn get<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<Vec<Kept>, KeysFault>> {
        Box::pin(async move {
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT subject, generation, wrapped FROM subject_keys
                 WHERE (subject, generation) IN (SELECT value->>0, value->>1 FROM json_each($1))",
            )
            .bind(to_json(keys.iter().copied()))
            .fetch_all(&self.pool)
            .await?;
            in_order_of(keys, rows)
        })
    }

    fn newest<'a>(&'a self, subjects: &'a [Subject]) -> BoxFuture<'a, Result<Vec<Newest>, KeysFault>> {
        Box::pin(async move {
            let asked = to_json(subjects.iter().map(|subject| KeyRef { subject: *subject, generation: 0 }));
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT subject, generation, wrapped FROM subject_keys AS asked
                 WHERE subject IN (SELECT value->>0 FROM json_each($1))
                 AND generation = (SELECT max(generation) FROM subject_keys WHERE subject = asked.subject)",
            )
            .bind(asked)
            .fetch_all(&self.pool)
            .await?;
            in_order_of_subjects(subjects, rows)
        })
    }

    fn insert<'a>(&'a self, keys: &'a [(KeyRef, Wrapped)]) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            let triples: Vec<_> = keys
                .iter()
                .map(|(key, wrapped)| {
                    let subject = key.subject.stream_key();
                    format!("[\"{subject}\",{},\"{}\"]", to_column(key.generation), in_hex(&wrapped.0))
                })
                .collect();
            sqlx::query(
                "INSERT INTO subject_keys (subject, generation, wrapped)
                 SELECT value->>0, value->>1, unhex(value->>2) FROM json_each($1) WHERE true
                 ON CONFLICT (subject, generation) DO NOTHING",
            )
            .bind(format!("[{}]", triples.join(",")))
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn destroy<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO subject_keys (subject, generation, wrapped)
                 SELECT DISTINCT value->>0, value->>1, NULL FROM json_each($1) WHERE true
                 ON CONFLICT (subject, generation) DO UPDATE SET wrapped = NULL",
            )
            .bind(to_json(keys.iter().copied()))
            .execute(&self.pool)
            .await?;
            // Pages of the write-ahead log may still hold what was there before.
            empty_side_file(&self.pool).await
        })
    }

    fn destroyed(&self) -> BoxFuture<'_, Result<Vec<KeyRef>, KeysFault>> {
        Box::pin(async move {
            let rows: Vec<(String, i32)> =
                sqlx::query_as("SELECT subject, generation FROM subject_keys WHERE wrapped IS NULL")
                    .fetch_all(&self.pool)
                    .await?;
            rows.iter().map(|(subject, generation)| key_ref(subject, *generation)).collect()
        })
    }

    fn marked_up_to(&self, log: LogId) -> BoxFuture<'_, Result<Position, KeysFault>> {
        Box::pin(async move {
            let found: Option<(i64,)> = sqlx::query_as("SELECT position FROM marked WHERE log = $1")
                .bind(log.to_string())
                .fetch_optional(&self.pool)
                .await?;
            found.map_or(Ok(Position::START), |(position,)| to_position(position))
        })
    }

    fn mark_up_to(&self, log: LogId, position: Position) -> BoxFuture<'_, Result<(), KeysFault>> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO marked (log, position) VALUES ($1, $2)
                 ON CONFLICT (log) DO UPDATE SET position = excluded.position",
            )
            .bind(log.to_string())
            .bind(position.0.cast_signed())
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn hash_key(&self) -> BoxFuture<'_, Result<Option<Wrapped>, KeysFault>> {
        Box::pin(async move {
            let found: Option<(Vec<u8>,)> =
                sqlx::query_as("SELECT wrapped FROM hash_key WHERE id = 1").fetch_optional(&self.pool).await?;
            Ok(found.map(|(bytes,)| Wrapped(bytes)))
        })
    }

    fn insert_hash_key<'a>(&'a self, key: &'a Wrapped) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            sqlx::query("INSERT INTO hash_key (id, wrapped) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
                .bind(&key.0)
                .execute(&self.pool)
                .await?;
            Ok(())
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_file_opens_with_all_its_connections_every_time() {
        let directory = tempfile::tempdir().unwrap();
        for number in 0..40 {
            let keys = SqliteKeys::open(&directory.path().join(format!("{number}.db"))).await.unwrap();
            assert_eq!(keys.pool.size(), CONNECTIONS_MAX);
            keys.close().await;
        }
    }
}
