//! Reading a projection: rows and checkpoint at one snapshot, words opened together.

use crate::database::row::DatabaseFault;
use crate::database::tx::Tx;
use crate::serving::Serving;
use bytes::Bytes;
use domain::ids::Position;
use domain::words::{Content, SealedField, Words, WordsFault, decode_opened};
use std::sync::Arc;

/// An answer, and how far the projection had come in the snapshot that it was read from.
#[derive(Clone, Debug, PartialEq)]
pub struct At<T> {
    /// The last event that the answer knows of.
    pub position: Position,
    /// The answer.
    pub value: T,
}

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum ReadFault {
    /// The database failed, or holds what was never written.
    #[error(transparent)]
    Database(#[from] DatabaseFault),
    /// There is nothing to ask yet: the rows are of another log, or are being built.
    #[error("the read model is not built from this log yet")]
    Unbuilt,
    /// Words could not be opened. That they are erased is an answer, not a fault.
    #[error("words could not be opened")]
    Words(#[from] WordsFault),
}

impl From<sqlx::Error> for ReadFault {
    fn from(error: sqlx::Error) -> Self {
        ReadFault::Database(DatabaseFault::Sql(error))
    }
}

/// What every reader has: the copy that is served and the port to words. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) serving: Arc<Serving>,
    pub(crate) words: Arc<dyn Words>,
}

impl Access {
    /// A transaction on one snapshot, and the checkpoint in it.
    pub(crate) async fn snapshot(&self) -> Result<(Tx, Position), ReadFault> {
        let mut tx = self.begin().await?;
        let row = tx.fetch_optional("SELECT position FROM checkpoint", []).await?;
        let row = row.ok_or(DatabaseFault::Damaged("the checkpoint is missing"))?;
        let position = row.columns().position()?;
        Ok((tx, position))
    }

    /// Of the copy that is served. One that was retired meanwhile may be closed: then the next one is asked.
    async fn begin(&self) -> Result<Tx, ReadFault> {
        loop {
            let copy = self.serving.now();
            if !copy.is_readable {
                return Err(ReadFault::Unbuilt);
            }
            match copy.database.begin_read().await {
                Err(sqlx::Error::PoolClosed) if !self.serving.is(&copy) => {}
                begun => return Ok(begun?),
            }
        }
    }
}

/// Sealed fields that are opened in one call when everything is read.
#[derive(Debug, Default)]
pub(crate) struct Opening(Vec<SealedField>);

/// Which field of an [`Opening`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot(usize);

impl Opening {
    /// Remembers a field.
    pub(crate) fn add(&mut self, field: SealedField) -> Slot {
        self.0.push(field);
        Slot(self.0.len() - 1)
    }

    /// Opens all of them.
    pub(crate) async fn open(self, words: &dyn Words) -> Result<Opened, WordsFault> {
        let contents = if self.0.is_empty() { Vec::new() } else { words.open(&self.0).await? };
        Ok(Opened { fields: self.0, contents })
    }
}

/// Opened fields.
#[derive(Debug)]
pub(crate) struct Opened {
    fields: Vec<SealedField>,
    contents: Vec<Content<Bytes>>,
}

impl Opened {
    /// The words of one field.
    pub(crate) fn words<T: prost::Message + Default>(&self, slot: Slot) -> Result<Content<T>, WordsFault> {
        match (self.fields.get(slot.0), self.contents.get(slot.0)) {
            (Some(field), Some(content)) => decode_opened(field, content.clone()),
            (Some(field), None) => Err(WordsFault::Damaged(field.event)),
            // A slot comes from the same opening, so its field is there.
            (None, _) => Ok(Content::Erased),
        }
    }
}
