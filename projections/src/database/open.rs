//! Opening the database of one version of one projection.

use crate::background::give_way;
use crate::copies::CopyId;
use crate::database::Database;
use crate::database::migrations::{CHECKPOINT, Change, Dialect, migrator};
use crate::database::url::DatabaseUrl;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use std::path::Path;
use std::time::Duration;

/// How long a query waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that a connection keeps.
const STATEMENTS_MAX: usize = 128;
/// Rows that a query's thread reads ahead of whoever takes them: with few, both wait for each other at every row.
const READ_AHEAD_ROWS: usize = 1_024;
/// Pages of the write-ahead log before SQLite copies them into the file: 4 MiB. Each copy costs two syncs; with 32 MiB the
/// event log's own syncs waited 20 ms for one of them.
const WAL_PAGES: &str = "1024";
/// KiB of pages that SQLite's writing connection keeps (negative means KiB).
const WRITER_CACHE: &str = "-16384";
/// The same while a copy is filled, which is over soon.
const FILLER_CACHE: &str = "-65536";

/// Why a projection's database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The directory cannot be made.
    #[error("the read models' directory {path} cannot be made")]
    Directory {
        /// Which.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The URL is not one that PostgreSQL knows. It may hold a password and is not shown.
    #[error("the read models' database URL is not a PostgreSQL URL")]
    Url(#[source] sqlx::Error),
    /// It does not open or does not answer.
    #[error("the database of the projection {name} cannot be opened")]
    Open {
        /// Whose.
        name: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Its tables cannot be brought up to date.
    #[error("the tables of the projection {name} cannot be brought up to date")]
    Migrate {
        /// Whose.
        name: &'static str,
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },
}

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To be asked and to be moved on.
    Serving,
    /// To be filled from the start of the log by one writer. Nothing in it is durable: after a crash it is thrown away.
    Filling,
    /// To say which copies there are: every commit is durable before it is answered.
    Catalogue,
}

/// What to open.
pub(crate) struct Wanted {
    /// Whose it is, for messages.
    pub(crate) name: &'static str,
    /// The name of the file or schema.
    pub(crate) label: String,
    /// What makes its tables.
    pub(crate) changes: Vec<Change>,
    pub(crate) read_connections: u32,
    pub(crate) purpose: Purpose,
}

impl Wanted {
    /// A copy of a projection.
    pub(crate) fn copy(id: CopyId, changes: &[Change], read_connections: u32, purpose: Purpose) -> Self {
        let changes = std::iter::once(&CHECKPOINT).chain(changes).copied().collect();
        Self { name: id.name, label: id.label(), changes, read_connections, purpose }
    }

    fn failed(&self) -> impl Fn(sqlx::Error) -> OpenFault + use<> {
        let name = self.name;
        move |source| OpenFault::Open { name, source }
    }

    fn not_migrated(&self) -> impl Fn(sqlx::migrate::MigrateError) -> OpenFault + use<> {
        let name = self.name;
        move |source| OpenFault::Migrate { name, source }
    }
}

/// Opens or makes it and brings its tables up to date.
pub(crate) async fn open(url: &DatabaseUrl, wanted: &Wanted) -> Result<Database, OpenFault> {
    match url {
        DatabaseUrl::Sqlite { directory } => open_sqlite(directory, wanted).await,
        DatabaseUrl::Postgres { url, schema_prefix } => open_postgres(url, schema_prefix, wanted).await,
    }
}

async fn open_sqlite(directory: &Path, wanted: &Wanted) -> Result<Database, OpenFault> {
    tokio::fs::create_dir_all(directory)
        .await
        .map_err(|source| OpenFault::Directory { path: directory.display().to_string(), source })?;
    let file = directory.join(format!("{}.db", wanted.label));
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        // Else a statement over 256 rows reads whole tables and looks each row up in an index made of the 256.
        .pragma("automatic_index", "OFF")
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    let name = wanted.name;
    let writing = options.clone().thread_name(move |_| format!("apply-{name}")).create_if_missing(true);
    let writing = match wanted.purpose {
        // A commit is not synced: after a power loss its tail is missing, rows and checkpoint alike, and is applied again.
        Purpose::Serving => writing
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("wal_autocheckpoint", WAL_PAGES)
            .pragma("cache_size", WRITER_CACHE)
            // A batch is bounded, so its pages fit into memory: writing some early would write them twice.
            .pragma("cache_spill", "OFF"),
        // Nothing is rolled back: a copy that cannot be filled is thrown away. So no page is written twice.
        Purpose::Filling => writing
            .journal_mode(SqliteJournalMode::Off)
            .synchronous(SqliteSynchronous::Off)
            .pragma("cache_size", FILLER_CACHE),
        Purpose::Catalogue => writing.journal_mode(SqliteJournalMode::Delete).synchronous(SqliteSynchronous::Extra),
    };
    let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false);
    let write = pool()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writing)
        .await
        .map_err(wanted.failed())?;
    give_way();
    migrator(&wanted.changes, Dialect::Sqlite).run(&write).await.map_err(wanted.not_migrated())?;
    let reading = options.read_only(true).row_buffer_size(READ_AHEAD_ROWS);
    let read = pool().max_connections(wanted.read_connections).max_lifetime(None).connect_lazy_with(reading);
    Ok(Database::Sqlite { write, read })
}

async fn open_postgres(url: &str, prefix: &str, wanted: &Wanted) -> Result<Database, OpenFault> {
    let schema = format!("{prefix}{}", wanted.label);
    let options = url
        .parse::<PgConnectOptions>()
        .map_err(OpenFault::Url)?
        // Also tells other processes that the schema is in use.
        .application_name(&format!("tidings {schema}"))
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    make_schema(&options, &schema).await.map_err(wanted.failed())?;
    let options = options.options([("search_path", schema.as_str())]);
    // Commits are waited for, whatever the database's default is: a checkpoint that fell back while this process goes on
    // would stop the projection. What is only filled becomes durable with the switch, which is a later commit.
    let waited_for = match wanted.purpose {
        Purpose::Serving | Purpose::Catalogue => "on",
        Purpose::Filling => "off",
    };
    let writing = options.clone().options([("synchronous_commit", waited_for)]);
    let pool = || PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let write = pool().max_connections(1).idle_timeout(None).connect_with(writing).await.map_err(wanted.failed())?;
    migrator(&wanted.changes, Dialect::Postgres).run(&write).await.map_err(wanted.not_migrated())?;
    let read = pool().max_connections(wanted.read_connections).connect_lazy_with(options);
    Ok(Database::Postgres { write, read, schema })
}

async fn make_schema(options: &PgConnectOptions, schema: &str) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)")
        .bind(schema)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        let made = connection.execute(AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))).await;
        // Another process may make it at the same instant: then it is there, which is all that is wanted.
        if let Err(error) = made
            && !error.as_database_error().is_some_and(|e| e.is_unique_violation())
        {
            return Err(error);
        }
    }
    connection.close().await
}
