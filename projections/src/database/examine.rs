//! What an operator wants to know of the read models before trusting them: whether their database answers, whether what it
//! holds can be read, and how far each has come. Nothing is changed, and a server may run meanwhile.

pub mod postgres;
pub mod sqlite;

use crate::account::accounts::Accounts;
use crate::conversation::message_counts::MessageCounts;
use crate::conversation::messaging::apply::Messaging;
use crate::copies::LABEL;
use crate::database::url::DatabaseUrl;
use crate::feed::feed_index::FeedIndex;
use crate::projection::Projection;
use crate::story::stories::Stories;
use crate::story::story_expiry::StoryExpiry;
use domain::ids::{LogId, Position};
use std::time::{Duration, Instant};

/// Every projection with the version of this program.
const KNOWN: [(&str, u32); 6] = [
    (Accounts::NAME, Accounts::VERSION),
    (Messaging::NAME, Messaging::VERSION),
    (Stories::NAME, Stories::VERSION),
    (StoryExpiry::NAME, StoryExpiry::VERSION),
    (FeedIndex::NAME, FeedIndex::VERSION),
    (MessageCounts::NAME, MessageCounts::VERSION),
];
/// How the catalogue of copies is called among the read models.
pub const CATALOGUE: &str = LABEL;

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Such as `PostgreSQL 16.4` or `SQLite 3.50.4`; none of SQLite while there is no file that could be asked.
    pub version: Option<String>,
    /// How long one question and its answer took.
    pub round_trip: Duration,
    /// What a server of databases says of itself; none of SQLite.
    pub server: Option<Server>,
    /// The catalogue of copies, and the live copy of each projection.
    pub read_models: Vec<ReadModel>,
}

/// What PostgreSQL says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// Whether commits reach the disk at all (`fsync`).
    pub syncs: bool,
    /// Connections that are open.
    pub open: i64,
    /// Connections that there may be.
    pub max: i64,
}

/// A read model and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadModel {
    /// The projection's name, or [`CATALOGUE`].
    pub name: &'static str,
    /// Its file or its schema.
    pub place: String,
    /// How it is.
    pub standing: Standing,
}

/// How a read model is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is none.
    Missing,
    /// It answers.
    Sound {
        /// The last event that it has applied, and the log that it is of. None of the catalogue, and of one that was made
        /// and not begun.
        at: Option<(Position, LogId)>,
        /// Whether it was looked at from its beginning to its end; else the time was over before.
        is_looked_through: bool,
    },
    /// A crash broke off its last commit; whoever opens it next to write takes that back. Until then nobody can read it.
    BrokenOff,
    /// It cannot be trusted, and why.
    Damaged(String),
    /// It does not tell, and why.
    Silent(String),
}

/// Asks the database for itself and for each read model. SQLite's files are looked through `until` then, at most.
///
/// # Errors
/// When PostgreSQL does not answer.
pub async fn examine(url: &DatabaseUrl, until: Instant) -> Result<Examined, sqlx::Error> {
    match url {
        DatabaseUrl::Sqlite { directory } => Ok(sqlite::examine(directory, until).await),
        DatabaseUrl::Postgres { url, schema_prefix } => postgres::examine(url, schema_prefix).await,
    }
}

/// The file or the schema of the live copy of a projection: the catalogue's, or the first one, which a start makes.
fn label(live: &[(String, i64, i64)], name: &str, version: u32) -> String {
    let version = i64::from(version);
    let number = live.iter().find(|(of, at, _)| of == name && *at == version).map_or(0, |(_, _, number)| *number);
    crate::copies::label(name, version, number)
}

/// The live copies: name, version, number. The same in both databases.
const LIVE: &str = "SELECT name, version, number FROM copies WHERE state = 'live'";
