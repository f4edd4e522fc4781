//! The keys store in production: a PostgreSQL database of its own, never the read models', schema `tidings_keys`.

use crate::seal::keys::rows::{Row, in_order_of, in_order_of_subjects, key_ref, to_column, to_position};
use crate::seal::keys::{Kept, KeyStore, KeysFault, Newest};
use crate::seal::wrapping::Wrapped;
use domain::ids::{LogId, Position};
use domain::source::BoxFuture;
use domain::words::{KeyRef, Subject};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// Two processes that start at once must not make the tables at once; the number is arbitrary and ours.
const SCHEMA: &str = "
SELECT pg_advisory_xact_lock(7164221873012214);
CREATE SCHEMA IF NOT EXISTS tidings_keys;
CREATE TABLE IF NOT EXISTS tidings_keys.subject_keys (
    subject text NOT NULL,
    generation integer NOT NULL,
    wrapped bytea,
    PRIMARY KEY (subject, generation)
);
CREATE TABLE IF NOT EXISTS tidings_keys.hash_key (
    id integer PRIMARY KEY CHECK (id = 1),
    wrapped bytea NOT NULL
);
CREATE TABLE IF NOT EXISTS tidings_keys.marked (
    log text PRIMARY KEY,
    position bigint NOT NULL
);
";
const CONNECTIONS_MAX: u32 = 8;

/// A keys store in PostgreSQL. Every answered call is durable (`synchronous_commit = on`, whatever the server's default).
#[derive(Debug)]
pub struct PostgresKeys {
    pool: PgPool,
}

impl PostgresKeys {
    /// Connects to `url` and makes the tables if they are not there.
    ///
    /// # Errors
    /// When the server does not answer or does not allow it.
    pub async fn open(url: &str) -> Result<Self, KeysFault> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.options([("synchronous_commit", "on")]);
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS_MAX).connect_with(options).await?;
        let mut transaction = pool.begin().await?;
        sqlx::raw_sql(SCHEMA).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(Self { pool })
    }
}

fn columns(keys: impl Iterator<Item = KeyRef>) -> (Vec<String>, Vec<i32>) {
    keys.map(|key| (key.subject.stream_key(), to_column(key.generation))).unzip()
}

impl KeyStore for PostgresKeys {
    fn get<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<Vec<Kept>, KeysFault>> {
        Box::pin(async move {
            let (subjects, generations) = columns(keys.iter().copied());
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT subject, generation, wrapped FROM tidings_keys.subject_keys
                 WHERE (subject, generation) IN (SELECT * FROM unnest($1::text[], $2::integer[]))",
            )
            .bind(subjects)
            .bind(generations)
            .fetch_all(&self.pool)
            .await?;
            in_order_of(keys, rows)
        })
    }

    fn newest<'a>(&'a self, subjects: &'a [Subject]) -> BoxFuture<'a, Result<Vec<Newest>, KeysFault>> {
        Box::pin(async move {
            let asked: Vec<_> = subjects.iter().map(|subject| subject.stream_key()).collect();
            let rows: Vec<Row> = sqlx::query_as(
                "SELECT DISTINCT ON (subject) subject, generation, wrapped FROM tidings_keys.subject_keys
                 WHERE subject = ANY($1) ORDER BY subject, generation DESC",
            )
            .bind(asked)
            .fetch_all(&self.pool)
            .await?;
            in_order_of_subjects(subjects, rows)
        })
    }

    fn insert<'a>(&'a self, keys: &'a [(KeyRef, Wrapped)]) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            let (subjects, generations) = columns(keys.iter().map(|(key, _)| *key));
            let wrapped: Vec<_> = keys.iter().map(|(_, wrapped)| wrapped.0.clone()).collect();
            sqlx::query(
                "INSERT INTO tidings_keys.subject_keys (subject, generation, wrapped)
                 SELECT * FROM unnest($1::text[], $2::integer[], $3::bytea[]) ORDER BY 1, 2
                 ON CONFLICT (subject, generation) DO NOTHING",
            )
            .bind(subjects)
            .bind(generations)
            .bind(wrapped)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn destroy<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            let (subjects, generations) = columns(keys.iter().copied());
            sqlx::query(
                "INSERT INTO tidings_keys.subject_keys (subject, generation, wrapped)
                 SELECT DISTINCT subject, generation, NULL::bytea
                 FROM unnest($1::text[], $2::integer[]) AS gone (subject, generation) ORDER BY 1, 2
                 ON CONFLICT (subject, generation) DO UPDATE SET wrapped = NULL",
            )
            .bind(subjects)
            .bind(generations)
            .execute(&self.pool)
            .await?;
            Ok(())
        })
    }

    fn destroyed(&self) -> BoxFuture<'_, Result<Vec<KeyRef>, KeysFault>> {
        Box::pin(async move {
            let rows: Vec<(String, i32)> = sqlx::query_as(
                "SELECT subject, generation FROM tidings_keys.subject_keys
                 WHERE wrapped IS NULL",
            )
            .fetch_all(&self.pool)
            .await?;
            rows.iter().map(|(subject, generation)| key_ref(subject, *generation)).collect()
        })
    }

    fn marked_up_to(&self, log: LogId) -> BoxFuture<'_, Result<Position, KeysFault>> {
        Box::pin(async move {
            let found: Option<(i64,)> = sqlx::query_as("SELECT position FROM tidings_keys.marked WHERE log = $1")
                .bind(log.to_string())
                .fetch_optional(&self.pool)
                .await?;
            found.map_or(Ok(Position::START), |(position,)| to_position(position))
        })
    }

    fn mark_up_to(&self, log: LogId, position: Position) -> BoxFuture<'_, Result<(), KeysFault>> {
        Box::pin(async move {
            sqlx::query(
                "INSERT INTO tidings_keys.marked (log, position) VALUES ($1, $2)
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
            let found: Option<(Vec<u8>,)> = sqlx::query_as("SELECT wrapped FROM tidings_keys.hash_key WHERE id = 1")
                .fetch_optional(&self.pool)
                .await?;
            Ok(found.map(|(bytes,)| Wrapped(bytes)))
        })
    }

    fn insert_hash_key<'a>(&'a self, key: &'a Wrapped) -> BoxFuture<'a, Result<(), KeysFault>> {
        Box::pin(async move {
            sqlx::query("INSERT INTO tidings_keys.hash_key (id, wrapped) VALUES (1, $1) ON CONFLICT (id) DO NOTHING")
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
