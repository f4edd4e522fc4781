//! Opening the database of one version of one projection.

use crate::database::Database;
use crate::database::migrations::{Change, Dialect, migrator};
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
/// Pages of the write-ahead log before SQLite copies them into the file: 32 MiB. Each copy costs two syncs, which the
/// event log's disk would rather have.
const WAL_PAGES: &str = "8192";
/// KiB of pages that SQLite's writing connection keeps (negative means KiB).
const WRITER_CACHE: &str = "-16384";

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

/// What to open.
pub(crate) struct Wanted {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    pub(crate) changes: &'static [Change],
    pub(crate) read_connections: u32,
}

impl Wanted {
    fn versioned(&self) -> String {
        format!("{}_v{}", self.name, self.version)
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
    let file = directory.join(format!("{}.db", wanted.versioned()));
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false)
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    // A commit is not synced: after a power loss its tail is missing, rows and checkpoint alike, and is applied again.
    let name = wanted.name;
    let writing = options
        .clone()
        .thread_name(move |_| format!("apply-{name}"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .pragma("cache_size", WRITER_CACHE)
        // A batch is bounded, so its pages fit into memory: writing some early would write them twice.
        .pragma("cache_spill", "OFF");
    let pool = || SqlitePoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).test_before_acquire(false);
    let write = pool()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_with(writing)
        .await
        .map_err(wanted.failed())?;
    migrator(wanted.changes, Dialect::Sqlite).run(&write).await.map_err(wanted.not_migrated())?;
    let read =
        pool().max_connections(wanted.read_connections).max_lifetime(None).connect_lazy_with(options.read_only(true));
    Ok(Database::Sqlite { write, read })
}

async fn open_postgres(url: &str, prefix: &str, wanted: &Wanted) -> Result<Database, OpenFault> {
    let schema = format!("{prefix}{}", wanted.versioned());
    let options = url
        .parse::<PgConnectOptions>()
        .map_err(OpenFault::Url)?
        .application_name("tidings")
        .statement_cache_capacity(STATEMENTS_MAX)
        .disable_statement_logging();
    make_schema(&options, &schema).await.map_err(wanted.failed())?;
    let options = options.options([("search_path", schema.as_str())]);
    // Commits are waited for, whatever the database's default is: a checkpoint that fell back while this process goes on
    // would stop the projection.
    let writing = options.clone().options([("synchronous_commit", "on")]);
    let pool = || PgPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT);
    let write = pool().max_connections(1).connect_with(writing).await.map_err(wanted.failed())?;
    migrator(wanted.changes, Dialect::Postgres).run(&write).await.map_err(wanted.not_migrated())?;
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
