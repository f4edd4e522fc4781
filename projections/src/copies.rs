//! Which copies of projections there are, and which of them is live: one durable fact for each projection.
//!
//! A projection is rebuilt into a new copy beside the live one: a file of its own on SQLite, a schema of its own on
//! PostgreSQL. The catalogue of copies is a database of its own. One commit in it makes the new copy live and retires the
//! old one, so a crash finds either the one or the other. A copy is announced before it is made and forgotten after it is
//! gone: what a crash leaves behind is known and is removed.

use crate::database::Database;
use crate::database::migrations::COPIES;
use crate::database::open::{OpenFault, Purpose, Wanted, open};
use crate::database::row::DatabaseFault;
use crate::database::tx::Tx;
use crate::database::url::DatabaseUrl;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use std::path::Path;

/// The channel on which PostgreSQL tells every process that another copy is live: the schema of the catalogue.
pub(crate) const SWITCHES: &str = "tidings_copies";
/// The catalogue's file and schema.
pub(crate) const LABEL: &str = "copies";

/// One copy of one version of one projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CopyId {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    /// Counted from 0.
    pub(crate) number: i64,
}

impl CopyId {
    /// The copy that a deployment starts with.
    pub(crate) const fn first(name: &'static str, version: u32) -> Self {
        Self { name, version, number: 0 }
    }

    /// What its file or schema is called.
    pub(crate) fn label(&self) -> String {
        label(self.name, i64::from(self.version), self.number)
    }
}

pub(crate) fn label(name: &str, version: i64, number: i64) -> String {
    match number {
        0 => format!("{name}_v{version}"),
        number => format!("{name}_v{version}_{number}"),
    }
}

/// What a copy is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Queries are answered from it.
    Live,
    /// It is being filled.
    Building,
    /// It was live; whoever still asks it may finish.
    Retired,
}

impl Standing {
    const fn as_str(self) -> &'static str {
        match self {
            Standing::Live => "live",
            Standing::Building => "building",
            Standing::Retired => "retired",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Standing::Live, Standing::Building, Standing::Retired].into_iter().find(|standing| standing.as_str() == text)
    }
}

/// A copy as the catalogue knows it; also of versions and names that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) version: i64,
    pub(crate) number: i64,
    pub(crate) standing: Standing,
}

impl Entry {
    pub(crate) fn label(&self) -> String {
        label(&self.name, self.version, self.number)
    }
}

/// The right to build copies of one projection. On PostgreSQL it ends with its connection, so also with its process.
#[derive(Debug)]
pub(crate) struct Claim {
    _connection: Option<PgConnection>,
}

/// The catalogue of copies.
#[derive(Debug)]
pub(crate) struct Copies {
    url: DatabaseUrl,
    database: Database,
}

impl Copies {
    /// Opens or makes it.
    pub(crate) async fn open(url: &DatabaseUrl) -> Result<Self, OpenFault> {
        let wanted = Wanted {
            name: LABEL,
            label: LABEL.to_owned(),
            changes: vec![COPIES],
            read_connections: 1,
            purpose: Purpose::Catalogue,
        };
        let database = open(url, &wanted).await?;
        if let DatabaseUrl::Sqlite { directory } = url {
            sync_directory(directory)
                .await
                .map_err(|source| OpenFault::Directory { path: directory.display().to_string(), source })?;
        }
        Ok(Self { url: url.clone(), database })
    }

    pub(crate) async fn close(&self) {
        self.database.close().await;
    }

    /// The live copy of this version; made known as the first one where there is none.
    pub(crate) async fn live(&self, name: &'static str, version: u32) -> Result<CopyId, DatabaseFault> {
        let mut tx = self.database.begin_write().await?;
        if let Some(number) = live(&mut tx, name, version).await? {
            return Ok(CopyId { name, version, number });
        }
        tx.execute(
            "INSERT INTO copies (name, version, number, state) VALUES ($1, $2, 0, 'live') ON CONFLICT DO NOTHING",
            [name.into(), i64::from(version).into()],
        )
        .await?;
        tx.commit().await?;
        Ok(CopyId::first(name, version))
    }

    /// Announces a new copy, which nobody has. What stands in its place is of a catalogue that was lost, and goes.
    pub(crate) async fn announce(&self, name: &'static str, version: u32) -> Result<CopyId, DatabaseFault> {
        let mut tx = self.database.begin_write().await?;
        let row = tx
            .fetch_optional(
                "INSERT INTO copies (name, version, number, state) \
                 SELECT $1, $2, COALESCE(MAX(number), 0) + 1, 'building' FROM copies WHERE name = $1 AND version = $2 \
                 RETURNING number",
                [name.into(), i64::from(version).into()],
            )
            .await?;
        let number = row.ok_or(DatabaseFault::Damaged("a copy was not announced"))?.columns().take()?;
        tx.commit().await?;
        let copy = CopyId { name, version, number };
        self.clear(&copy.label()).await?;
        Ok(copy)
    }

    /// Makes `to` live in place of `from`, in one commit. False when another copy is live meanwhile.
    pub(crate) async fn switch(&self, from: CopyId, to: CopyId) -> Result<bool, DatabaseFault> {
        let mut tx = self.database.begin_write().await?;
        let step = "UPDATE copies SET state = $4 WHERE name = $1 AND version = $2 AND number = $3 AND state = $5";
        for (copy, was, becomes) in
            [(from, Standing::Live, Standing::Retired), (to, Standing::Building, Standing::Live)]
        {
            let values = [
                copy.name.into(),
                i64::from(copy.version).into(),
                copy.number.into(),
                becomes.as_str().into(),
                was.as_str().into(),
            ];
            if tx.execute(step, values).await? != 1 {
                return Ok(false);
            }
        }
        if let Database::Postgres { schema, .. } = &self.database {
            tx.execute("SELECT pg_notify($1, $2)", [SWITCHES.into(), schema.clone().into()]).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Every copy that is known.
    pub(crate) async fn all(&self) -> Result<Vec<Entry>, DatabaseFault> {
        let mut tx = self.database.begin_read().await?;
        let rows = tx.fetch_all("SELECT name, version, number, state FROM copies ORDER BY 1, 2, 3", []).await?;
        rows.iter()
            .map(|row| {
                let mut columns = row.columns();
                Ok(Entry {
                    name: columns.take()?,
                    version: columns.take()?,
                    number: columns.take()?,
                    standing: columns.parsed(Standing::parse)?,
                })
            })
            .collect()
    }

    /// The right to build copies of a projection, if no other process has it.
    pub(crate) async fn claim(&self, name: &str) -> Result<Option<Claim>, DatabaseFault> {
        let DatabaseUrl::Postgres { url, schema_prefix } = &self.url else {
            // The data directory has one process.
            return Ok(Some(Claim { _connection: None }));
        };
        let mut connection = connect(url).await?;
        let hash = blake3::hash(format!("tidings rebuild {schema_prefix}{name}").as_bytes());
        let key = hash.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        let is_ours: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key).fetch_one(&mut connection).await?;
        Ok(is_ours.then_some(Claim { _connection: Some(connection) }))
    }

    /// Whether a process (this one too) has connections to the copy. Always false on SQLite, which has one process.
    pub(crate) async fn is_in_use(&self, entry: &Entry) -> Result<bool, DatabaseFault> {
        let DatabaseUrl::Postgres { schema_prefix, .. } = &self.url else { return Ok(false) };
        let application = format!("tidings {schema_prefix}{}", entry.label());
        let mut tx = self.database.begin_read().await?;
        // PostgreSQL keeps 63 bytes of a connection's name.
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = left($1, 63)";
        let row = tx.fetch_optional(sql, [application.into()]).await?;
        let connections: i64 = row.ok_or(DatabaseFault::Damaged("nothing was counted"))?.columns().take()?;
        Ok(connections > 0)
    }

    /// Removes a copy with everything in it and forgets it. Nobody may have it open. Doing so again changes nothing.
    pub(crate) async fn remove(&self, entry: &Entry) -> Result<(), DatabaseFault> {
        self.clear(&entry.label()).await?;
        let mut tx = self.database.begin_write().await?;
        tx.execute(
            "DELETE FROM copies WHERE name = $1 AND version = $2 AND number = $3",
            [entry.name.clone().into(), entry.version.into(), entry.number.into()],
        )
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn clear(&self, label: &str) -> Result<(), DatabaseFault> {
        match &self.url {
            DatabaseUrl::Sqlite { directory } => {
                remove_files(directory, label).await.map_err(sqlx::Error::Io)?;
            }
            DatabaseUrl::Postgres { url, schema_prefix } => {
                let mut connection = connect(url).await?;
                let drop = format!("DROP SCHEMA IF EXISTS \"{schema_prefix}{label}\" CASCADE");
                connection.execute(AssertSqlSafe(drop)).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }

    /// Makes what was filled durable; nobody may have it open. On PostgreSQL the switch does so: it is a later commit,
    /// and it is waited for.
    pub(crate) async fn harden(&self, copy: CopyId) -> Result<(), DatabaseFault> {
        let DatabaseUrl::Sqlite { directory } = &self.url else { return Ok(()) };
        let file = directory.join(format!("{}.db", copy.label()));
        let synced = async {
            tokio::fs::File::open(&file).await?.sync_all().await?;
            sync_directory(directory).await
        };
        Ok(synced.await.map_err(sqlx::Error::Io)?)
    }
}

async fn live(tx: &mut Tx, name: &'static str, version: u32) -> Result<Option<i64>, DatabaseFault> {
    let row = tx
        .fetch_optional(
            "SELECT number FROM copies WHERE name = $1 AND version = $2 AND state = 'live'",
            [name.into(), i64::from(version).into()],
        )
        .await?;
    row.map(|row| row.columns().take()).transpose()
}

async fn connect(url: &str) -> Result<PgConnection, sqlx::Error> {
    url.parse::<sqlx::postgres::PgConnectOptions>()?.application_name("tidings").connect().await
}

async fn sync_directory(directory: &Path) -> std::io::Result<()> {
    tokio::fs::File::open(directory).await?.sync_all().await
}

/// The file itself last: while it is there the copy is there.
async fn remove_files(directory: &Path, label: &str) -> std::io::Result<()> {
    for ending in ["db-wal", "db-shm", "db-journal", "db"] {
        match tokio::fs::remove_file(directory.join(format!("{label}.{ending}"))).await {
            Err(fault) if fault.kind() != std::io::ErrorKind::NotFound => return Err(fault),
            _ => {}
        }
    }
    sync_directory(directory).await
}
