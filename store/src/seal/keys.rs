//! The keys store: every subject's keys, wrapped, with a mark for each that was destroyed; and the log's hash key.
//! A store of its own, never in the backup set of the log or of the read models.

pub mod postgres;
pub mod sqlite;

mod rows;

use crate::codec::fields::Misplaced;
use crate::seal::wrapping::Wrapped;
use domain::ids::{LogId, Position};
use domain::source::BoxFuture;
use domain::words::{KeyRef, Subject};

/// What the store knows of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Here it is.
    Wrapped(Wrapped),
    /// It was destroyed.
    Destroyed,
    /// Nothing: never made, or lost.
    Unknown,
}

/// A subject's newest generation with what is known of it; none when it never had a key.
pub type Newest = Option<(u32, Kept)>;

/// Why keys could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysFault {
    /// The database did not answer.
    #[error("the keys store did not answer")]
    Store(#[from] sqlx::Error),
    /// Its file could not be made or protected.
    #[error("the file of the keys store could not be made")]
    File(#[source] std::io::Error),
    /// What it holds is not what this program writes there.
    #[error("the keys store holds something else than keys")]
    Foreign,
    /// A reader kept the side file from being emptied: a destroyed key may still stand there. Trying again may help.
    #[error("the keys store is busy: a destroyed key may still stand in its side file")]
    Busy,
    /// The key-encryption key is not the one that the store was made with.
    #[error("the key-encryption key does not fit the keys store")]
    EncryptionKey,
    /// One key is damaged or stands in another's place.
    #[error("the key of {0} generation {1} does not unwrap")]
    Wrapping(String, u32),
    /// The log was made with a keys store, and this one is empty.
    #[error("the log exists, but the keys store beside it is empty: bring back the one that was made with it")]
    NoneBesideLog,
    /// The log was made with another keys store.
    #[error("the keys store beside the log is not the one that was made with it")]
    AnotherLog,
    /// The system gives no random bytes.
    #[error("the system gave no random bytes")]
    Random(#[source] getrandom::Error),
    /// A subject's key was destroyed again each time that a new one was made for it.
    #[error("no key could be made for {0}: each was destroyed at once")]
    Contended(String),
    /// The event does not belong into its stream, so nobody's key seals its words.
    #[error("the event cannot be sealed")]
    Misplaced(#[from] Misplaced),
}

/// Keeps wrapped keys. What a call has answered is durable.
pub trait KeyStore: Send + Sync + 'static {
    /// What is known of each key, in their order.
    fn get<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<Vec<Kept>, KeysFault>>;

    /// The newest generation of each subject's keys, destroyed or not, in their order.
    fn newest<'a>(&'a self, subjects: &'a [Subject]) -> BoxFuture<'a, Result<Vec<Newest>, KeysFault>>;

    /// Adds keys. One that is known already, destroyed or not, stays as it is: the first wins.
    fn insert<'a>(&'a self, keys: &'a [(KeyRef, Wrapped)]) -> BoxFuture<'a, Result<(), KeysFault>>;

    /// Removes the material of keys and marks them as destroyed for ever, those too that were unknown.
    fn destroy<'a>(&'a self, keys: &'a [KeyRef]) -> BoxFuture<'a, Result<(), KeysFault>>;

    /// Every key that is marked as destroyed, in no order.
    fn destroyed(&self) -> BoxFuture<'_, Result<Vec<KeyRef>, KeysFault>>;

    /// Up to where the destructions that a log tells of are marked here; its start when that is not known.
    fn marked_up_to(&self, log: LogId) -> BoxFuture<'_, Result<Position, KeysFault>>;

    /// Says so. A store that is brought back from a backup says what it said then.
    fn mark_up_to(&self, log: LogId, position: Position) -> BoxFuture<'_, Result<(), KeysFault>>;

    /// The log's hash key, if it was made.
    fn hash_key(&self) -> BoxFuture<'_, Result<Option<Wrapped>, KeysFault>>;

    /// Adds the log's hash key unless there is one: the first wins.
    fn insert_hash_key<'a>(&'a self, key: &'a Wrapped) -> BoxFuture<'a, Result<(), KeysFault>>;

    /// Closes it once running calls have ended. Afterwards its files can be replaced: nothing of it touches them any more.
    fn close(&self) -> BoxFuture<'_, ()>;
}
