//! What a projection is, and the transaction that it applies a batch in.

use crate::database::Database;
use crate::database::migrations::Change;
use crate::database::row::DatabaseFault;
use crate::database::tx::Tx;
use crate::state_hash::Table;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::words::Field;
use std::future::Future;
use std::sync::Arc;

/// Name of the projection of accounts.
pub const ACCOUNTS: &str = "accounts";
/// Name of the projection of conversations, memberships, timelines and reactions.
pub const MESSAGING: &str = "messaging";
/// Name of the projection of stories.
pub const STORIES: &str = "stories";
/// Name of the projection that says which stories are due.
pub const STORY_EXPIRY: &str = "story_expiry";
/// Name of the projection that feeds resume from.
pub const FEED_INDEX: &str = "feed_index";
/// Name of the projection of messages a day.
pub const MESSAGE_COUNTS: &str = "message_counts";
/// Name of the search index, which is no table and therefore not among [`ALL`].
pub const SEARCH: &str = "search";
/// Every projection's name.
pub const ALL: [&str; 6] = [ACCOUNTS, MESSAGING, STORIES, STORY_EXPIRY, FEED_INDEX, MESSAGE_COUNTS];
/// Whether something of this name can be rebuilt; gives the name.
pub fn rebuildable(name: &str) -> Option<&'static str> {
    ALL.into_iter().chain([SEARCH]).find(|known| *known == name)
}

/// The channel on which PostgreSQL tells every process that a projection moved: `<schema> <position>`.
pub(crate) const NOTIFICATIONS: &str = "tidings_projections";

/// Why a batch could not be applied. The projection stops there; it never skips an event.
#[derive(Debug, thiserror::Error)]
pub enum ApplyFault {
    /// The database failed, or holds what was never written.
    #[error(transparent)]
    Database(#[from] DatabaseFault),
    /// Words reached a read model unsealed: only sealed words may be stored.
    #[error("the event at position {0} carries words that are not sealed")]
    NotSealed(Position),
    /// An event does not fit what came before it.
    #[error("the event at position {0} cannot be applied: {1}")]
    Unfit(Position, &'static str),
    /// The checkpoint is not where this projector left it: another one writes the same read model.
    #[error("the checkpoint is no longer at position {0}: another process applies events to the same read model")]
    Fenced(Position),
}

impl From<sqlx::Error> for ApplyFault {
    fn from(error: sqlx::Error) -> Self {
        ApplyFault::Database(DatabaseFault::Sql(error))
    }
}

/// A read model that is built from events.
pub trait Projection: Send + Sync + 'static {
    /// Its name, which never changes.
    const NAME: &'static str;
    /// Counted up when its rows would look different after a replay: the new version is built beside the old one.
    const VERSION: u32;
    /// What makes its tables, after the checkpoint's.
    const CHANGES: &'static [Change];
    /// Its rows, for comparing with a replay.
    const TABLES: &'static [Table];

    /// Takes over consecutive events, none of which it has seen. Must come to the same rows however the log is cut
    /// into batches.
    fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> impl Future<Output = Result<(), ApplyFault>> + Send;
}

/// A fault that is built in on purpose: the tests must notice it.
#[cfg(feature = "mutants")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The checkpoint is committed before the rows, by itself.
    CheckpointOutsideTransaction,
}

/// One move of a projection from one checkpoint to the next: rows and checkpoint in one transaction.
///
/// The transaction begins, and the checkpoint moves, when the first row is touched. A batch that touches no row moves
/// the checkpoint in a single statement.
#[derive(Debug)]
pub struct Step<'a> {
    database: &'a Database,
    name: &'static str,
    from: Position,
    to: Position,
    tx: Option<Tx>,
    #[cfg(feature = "mutants")]
    mutant: Option<Mutant>,
}

impl<'a> Step<'a> {
    pub(crate) fn new(database: &'a Database, name: &'static str, from: Position, to: Position) -> Self {
        Self {
            database,
            name,
            from,
            to,
            tx: None,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }

    #[cfg(feature = "mutants")]
    pub(crate) fn mutate(&mut self, mutant: Option<Mutant>) {
        self.mutant = mutant;
    }

    /// Where the checkpoint stood: the position of the last event before this batch, as this projection knows it.
    pub fn from(&self) -> Position {
        self.from
    }

    /// The transaction.
    pub async fn tx(&mut self) -> Result<&mut Tx, ApplyFault> {
        #[cfg(feature = "mutants")]
        if self.mutant == Some(Mutant::CheckpointOutsideTransaction) && self.tx.is_none() {
            let mut tx = self.database.begin_write().await?;
            self.fence(&mut tx).await?;
            tx.commit().await?;
            return Ok(self.tx.insert(self.database.begin_write().await?));
        }
        let tx = match self.tx.take() {
            Some(tx) => tx,
            None => {
                let mut tx = self.database.begin_write().await?;
                // First, so that of two projectors one waits here for the other instead of writing the same rows.
                self.fence(&mut tx).await?;
                tx
            }
        };
        Ok(self.tx.insert(tx))
    }

    /// Commits rows and checkpoint.
    pub(crate) async fn finish(mut self) -> Result<(), ApplyFault> {
        match self.tx.take() {
            Some(tx) => tx.commit().await?,
            None => self.move_alone().await?,
        }
        Ok(())
    }

    async fn fence(&self, tx: &mut Tx) -> Result<(), ApplyFault> {
        let moved = match tx {
            Tx::Sqlite(tx) => sqlx::query("UPDATE checkpoint SET position = ?1 WHERE name = ?2 AND position = ?3")
                .bind(self.to.0 as i64)
                .bind(self.name)
                .bind(self.from.0 as i64)
                .execute(&mut **tx)
                .await?
                .rows_affected(),
            Tx::Postgres(tx) => self.postgres_fence().execute(&mut **tx).await?.rows_affected(),
        };
        if moved == 1 { Ok(()) } else { Err(ApplyFault::Fenced(self.from)) }
    }

    /// The fence without a transaction around it: it is one statement.
    async fn move_alone(&self) -> Result<(), ApplyFault> {
        let moved = match self.database {
            Database::Sqlite { write, .. } => {
                sqlx::query("UPDATE checkpoint SET position = ?1 WHERE name = ?2 AND position = ?3")
                    .bind(self.to.0 as i64)
                    .bind(self.name)
                    .bind(self.from.0 as i64)
                    .execute(write)
                    .await?
                    .rows_affected()
            }
            Database::Postgres { write, .. } => self.postgres_fence().execute(write).await?.rows_affected(),
        };
        if moved == 1 { Ok(()) } else { Err(ApplyFault::Fenced(self.from)) }
    }

    /// Moves the checkpoint and tells the other processes, at the commit, in one statement.
    fn postgres_fence(&self) -> sqlx::query::Query<'static, sqlx::Postgres, sqlx::postgres::PgArguments> {
        let schema = match self.database {
            Database::Postgres { schema, .. } => schema.as_str(),
            Database::Sqlite { .. } => "",
        };
        sqlx::query(
            "WITH moved AS (UPDATE checkpoint SET position = $1 WHERE name = $2 AND position = $3 RETURNING position) \
             SELECT pg_notify($4, $5 || ' ' || position) FROM moved",
        )
        .bind(self.to.0 as i64)
        .bind(self.name)
        .bind(self.from.0 as i64)
        .bind(NOTIFICATIONS)
        .bind(schema.to_owned())
    }
}

/// The sealed form of words, as a read model stores it.
///
/// # Errors
/// When the words are clear.
pub(crate) fn sealed<T>(words: &Field<T>, at: Position) -> Result<Vec<u8>, ApplyFault> {
    words.sealed().map(|field| field.to_bytes()).ok_or(ApplyFault::NotSealed(at))
}
