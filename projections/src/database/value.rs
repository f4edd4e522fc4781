//! A value on its way into a statement, and the two ways to bind it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, DeviceId, DeviceKeyId, Hash16, LogId, Position, SessionId, StoryId};
use sqlx::Arguments;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use uuid::Uuid;

/// A value of a type that both databases know. A null still has its type, because PostgreSQL asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bigint`.
    Int(Option<i64>),
    /// `smallint`.
    Small(i16),
    /// `boolean`.
    Bool(bool),
    /// `text`.
    Text(String),
    /// `uuid`.
    Uuid(Uuid),
    /// `timestamptz`; RFC 3339 text, which sorts by time, in SQLite.
    Time(Option<DateTime<Utc>>),
    /// `date`.
    Day(NaiveDate),
    /// `bytea`.
    Bytes(Option<Vec<u8>>),
}

macro_rules! bind_all {
    ($arguments:ty, $values:expr) => {{
        let mut arguments = <$arguments>::default();
        for value in $values {
            match value {
                Value::Int(v) => arguments.add(v),
                Value::Small(v) => arguments.add(v),
                Value::Bool(v) => arguments.add(v),
                Value::Text(v) => arguments.add(v),
                Value::Uuid(v) => arguments.add(v),
                Value::Time(v) => arguments.add(v),
                Value::Day(v) => arguments.add(v),
                Value::Bytes(v) => arguments.add(v),
            }?;
        }
        Ok(arguments)
    }};
}

/// Arguments for SQLite.
pub(crate) fn sqlite_arguments(values: impl Iterator<Item = Value>) -> Result<SqliteArguments, BoxDynError> {
    bind_all!(SqliteArguments, values)
}

/// Arguments for PostgreSQL.
pub(crate) fn postgres_arguments(values: impl Iterator<Item = Value>) -> Result<PgArguments, BoxDynError> {
    bind_all!(PgArguments, values)
}

macro_rules! values {
    ($($from:ty: $arg:ident => $value:expr;)*) => {$(
        impl From<$from> for Value {
            fn from($arg: $from) -> Self {
                $value
            }
        }
    )*};
}

// Positions, sequence numbers and counts stay below 2^63 (`Position` and `parse_seq` refuse more), so the casts keep
// their values.
values! {
    i64: v => Value::Int(Some(v));
    Option<i64>: v => Value::Int(v);
    u64: v => Value::Int(Some(v as i64));
    Option<u64>: v => Value::Int(v.map(|v| v as i64));
    Position: v => Value::Int(Some(v.0 as i64));
    Option<Position>: v => Value::Int(v.map(|v| v.0 as i64));
    i16: v => Value::Small(v);
    bool: v => Value::Bool(v);
    String: v => Value::Text(v);
    &str: v => Value::Text(v.to_owned());
    Uuid: v => Value::Uuid(v);
    AccountId: v => Value::Uuid(v.uuid());
    ConversationId: v => Value::Uuid(v.uuid());
    DeviceId: v => Value::Uuid(v.uuid());
    DeviceKeyId: v => Value::Uuid(v.uuid());
    LogId: v => Value::Uuid(v.uuid());
    SessionId: v => Value::Uuid(v.uuid());
    StoryId: v => Value::Uuid(v.uuid());
    Time: v => Value::Time(Some(v.to_utc()));
    Option<Time>: v => Value::Time(v.map(Time::to_utc));
    NaiveDate: v => Value::Day(v);
    Vec<u8>: v => Value::Bytes(Some(v));
    Option<Vec<u8>>: v => Value::Bytes(v);
    Hash16: v => Value::Bytes(Some(v.0.to_vec()));
}
