//! A row of either database, read column by column in the order of its `SELECT`.

use chrono::{DateTime, NaiveDate, Utc};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, Position, SessionId, StoryId};
use domain::words::SealedField;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Postgres, Row as _, Sqlite, Type};
use uuid::Uuid;

/// Why rows could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseFault {
    /// The database refused or did not answer.
    #[error("the read models' database failed")]
    Sql(#[from] sqlx::Error),
    /// A stored value is not of the form that was written.
    #[error("a read model's row is damaged: {0}")]
    Damaged(&'static str),
}

/// A type that both databases decode.
pub trait Column: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

impl<T> Column for T where T: for<'r> Decode<'r, Sqlite> + Type<Sqlite> + for<'r> Decode<'r, Postgres> + Type<Postgres> {}

/// A row of either database.
#[derive(Debug)]
pub enum Row {
    /// From SQLite.
    Sqlite(SqliteRow),
    /// From PostgreSQL.
    Postgres(PgRow),
}

impl Row {
    fn get<T: Column>(&self, index: usize) -> Result<T, sqlx::Error> {
        match self {
            Row::Sqlite(row) => row.try_get(index),
            Row::Postgres(row) => row.try_get(index),
        }
    }

    /// Reads from the first column on.
    pub fn columns(&self) -> Columns<'_> {
        Columns { row: self, next: 0 }
    }
}

/// Reads a row's columns one after the other.
#[derive(Debug)]
pub struct Columns<'a> {
    row: &'a Row,
    next: usize,
}

impl<'a> Columns<'a> {
    /// The next column.
    pub fn take<T: Column>(&mut self) -> Result<T, DatabaseFault> {
        let value = self.row.get(self.next)?;
        self.next += 1;
        Ok(value)
    }

    /// The next column, which may be null.
    pub fn maybe<T>(&mut self) -> Result<Option<T>, DatabaseFault>
    where
        Option<T>: Column,
    {
        self.take::<Option<T>>()
    }

    /// Bytes or a text that may be null, as they stand in the row.
    pub fn maybe_ref<T: ?Sized>(&mut self) -> Result<Option<&'a T>, DatabaseFault>
    where
        &'a T: Decode<'a, Sqlite> + Type<Sqlite> + Decode<'a, Postgres> + Type<Postgres>,
    {
        let value = match self.row {
            Row::Sqlite(row) => row.try_get(self.next),
            Row::Postgres(row) => row.try_get(self.next),
        };
        self.next += 1;
        Ok(value?)
    }

    /// Passes over columns.
    pub fn skip(&mut self, columns: usize) {
        self.next += columns;
    }

    /// A sequence number or a count.
    pub fn number(&mut self) -> Result<u64, DatabaseFault> {
        u64::try_from(self.take::<i64>()?).map_err(|_| DatabaseFault::Damaged("a number is negative"))
    }

    /// A sequence number or a revision that may be missing.
    pub fn maybe_number(&mut self) -> Result<Option<u64>, DatabaseFault> {
        self.maybe::<i64>()?
            .map(|number| u64::try_from(number).map_err(|_| DatabaseFault::Damaged("a number is negative")))
            .transpose()
    }

    /// A position.
    pub fn position(&mut self) -> Result<Position, DatabaseFault> {
        self.number().map(Position)
    }

    /// An account.
    pub fn account(&mut self) -> Result<AccountId, DatabaseFault> {
        self.take::<Uuid>().map(AccountId::new)
    }

    /// A conversation.
    pub fn conversation(&mut self) -> Result<ConversationId, DatabaseFault> {
        self.take::<Uuid>().map(ConversationId::new)
    }

    /// A session.
    pub fn session(&mut self) -> Result<SessionId, DatabaseFault> {
        self.take::<Uuid>().map(SessionId::new)
    }

    /// A story.
    pub fn story(&mut self) -> Result<StoryId, DatabaseFault> {
        self.take::<Uuid>().map(StoryId::new)
    }

    /// A point in time.
    pub fn time(&mut self) -> Result<Time, DatabaseFault> {
        self.take::<DateTime<Utc>>().map(Time::from_utc)
    }

    /// A point in time that may be missing.
    pub fn maybe_time(&mut self) -> Result<Option<Time>, DatabaseFault> {
        Ok(self.maybe::<DateTime<Utc>>()?.map(Time::from_utc))
    }

    /// A day.
    pub fn day(&mut self) -> Result<NaiveDate, DatabaseFault> {
        self.take()
    }

    /// Sealed words.
    pub fn sealed(&mut self) -> Result<SealedField, DatabaseFault> {
        self.maybe_sealed()?.ok_or(DatabaseFault::Damaged("words are missing"))
    }

    /// Sealed words that may be missing.
    pub fn maybe_sealed(&mut self) -> Result<Option<SealedField>, DatabaseFault> {
        self.maybe_ref()?
            .map(|bytes| SealedField::from_bytes(bytes).map_err(|_| DatabaseFault::Damaged("words are not sealed")))
            .transpose()
    }

    /// A text that stands for a value of a closed set.
    pub fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, DatabaseFault> {
        parse(&self.take::<String>()?).ok_or(DatabaseFault::Damaged("a text is none of its known values"))
    }
}
