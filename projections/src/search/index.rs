//! One index on disk: its writer, its reader, and the checkpoint that each commit carries.

use super::entry::Entry;
use super::schema::Fields;
use super::tokenizer::{self, Terms};
use crate::background::give_way;
use domain::ids::{AccountId, ConversationId, LogId, MessageId, Position};
use parking_lot::Mutex;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use tantivy::directory::MmapDirectory;
use tantivy::index::SegmentId;
use tantivy::indexer::IndexWriterOptions;
use tantivy::{IndexReader, IndexWriter, ReloadPolicy, Searcher, TantivyError};

/// Memory for terms that are not written to disk yet.
const WRITER_BYTES: usize = 64 << 20;
/// Rounds of merging until no segment keeps what was deleted; more only when merges are going on meanwhile.
const PURGE_ROUNDS: usize = 20;

/// A change of the index.
pub(super) enum Change {
    /// A message that is not in it.
    Add(Box<Entry>),
    /// A message that may be in it.
    Remove(MessageId),
    /// Everything that somebody wrote.
    RemoveAllBy(AccountId),
    /// Everything that was written there.
    RemoveAllIn(ConversationId),
    /// Everything that was written there up to this message.
    RemoveThrough(MessageId),
}

/// An open index.
pub(super) struct Index {
    pub(super) fields: Fields,
    index: tantivy::Index,
    /// None once closed.
    writer: Mutex<Option<IndexWriter>>,
    reader: IndexReader,
    /// The last field, so that its files go after everything that has them open.
    place: Place,
}

/// Where an index is. Its files are removed when nobody has it open any more, unless they are kept.
struct Place {
    directory: PathBuf,
    is_kept: AtomicBool,
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept.load(Ordering::Acquire)
            && let Err(error) = std::fs::remove_dir_all(&self.directory)
        {
            tracing::warn!(%error, "an index that is not needed could not be removed yet");
        }
    }
}

/// Where a commit stands: the last event in it, and the log that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Checkpoint {
    pub(super) log: LogId,
    pub(super) position: Position,
}

impl Checkpoint {
    fn to_payload(self) -> String {
        format!("{} {}", self.log, self.position.0)
    }

    pub(super) fn from_payload(text: &str) -> Option<Self> {
        let (log, position) = text.split_once(' ')?;
        Some(Self { log: LogId::new(log.parse().ok()?), position: Position(position.parse().ok()?) })
    }
}

impl Index {
    /// Opens the index in a directory, or makes it there; and its checkpoint, if it has one.
    pub(super) fn open(directory: &Path) -> Result<(Self, Option<Checkpoint>), TantivyError> {
        let (schema, fields) = Fields::make();
        make_private(directory)?;
        let index = tantivy::Index::open_or_create(MmapDirectory::open(directory)?, schema)?;
        index.tokenizers().register(tokenizer::NAME, Terms);
        let checkpoint = index.load_metas()?.payload.as_deref().and_then(Checkpoint::from_payload);
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(WRITER_BYTES)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let writer = Mutex::new(Some(index.writer_with_options(options)?));
        give_way();
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        let place = Place { directory: directory.to_owned(), is_kept: AtomicBool::new(true) };
        Ok((Self { fields, index, writer, reader, place }, checkpoint))
    }

    /// Whether its files stay when nobody has it open any more.
    pub(super) fn keep(&self, is_kept: bool) {
        self.place.is_kept.store(is_kept, Ordering::Release);
    }

    /// Writes nothing from now on; whoever opens the directory next may.
    pub(super) fn close(&self) -> Result<(), TantivyError> {
        let writer = self.writer.lock().take();
        writer.map_or(Ok(()), IndexWriter::wait_merging_threads)
    }

    fn write<T>(&self, work: impl FnOnce(&mut IndexWriter) -> Result<T, TantivyError>) -> Result<T, TantivyError> {
        let mut writer = self.writer.lock();
        work(writer.as_mut().ok_or_else(|| TantivyError::SystemError("the index is closed".into()))?)
    }

    /// What was committed last.
    pub(super) fn searcher(&self) -> Searcher {
        self.reader.searcher()
    }

    /// Takes changes over, in their order. They can be found after the next commit.
    pub(super) fn apply(&self, changes: Vec<Change>) -> Result<(), TantivyError> {
        self.write(|writer| {
            for change in changes {
                match change {
                    Change::Add(entry) => writer.add_document(self.fields.document(&entry))?,
                    Change::Remove(id) => writer.delete_term(self.fields.of_message(id)),
                    Change::RemoveAllBy(account) => writer.delete_term(self.fields.of_sender(account)),
                    Change::RemoveAllIn(conversation) => writer.delete_term(self.fields.of_conversation(conversation)),
                    Change::RemoveThrough(last) => writer.delete_query(self.fields.through(last))?,
                };
            }
            Ok(())
        })
    }

    /// Makes changes durable together with their checkpoint, and lets them be found.
    pub(super) fn commit(&self, checkpoint: Checkpoint) -> Result<(), TantivyError> {
        self.write(|writer| {
            let mut prepared = writer.prepare_commit()?;
            prepared.set_payload(&checkpoint.to_payload());
            prepared.commit()
        })?;
        // Each commit begins with other threads.
        give_way();
        self.reader.reload()
    }

    /// Writes every segment again that keeps something deleted, and removes the old ones from the disk. Says how many.
    pub(super) fn purge(&self) -> Result<usize, TantivyError> {
        let mut written = 0;
        for _ in 0..PURGE_ROUNDS {
            let segments = self.with_deleted()?;
            if segments.is_empty() {
                break;
            }
            for segment in segments {
                let merged = self.write(|writer| Ok(writer.merge(&[segment])))?;
                // One that is being merged anyway is looked at again in the next round.
                match merged.wait() {
                    Ok(_) => written += 1,
                    Err(fault) => tracing::debug!(%fault, "a segment is being merged already"),
                }
            }
        }
        self.reader.reload()?;
        self.write(|writer| Ok(writer.garbage_collect_files()))?.wait()?;
        Ok(written)
    }

    fn with_deleted(&self) -> Result<Vec<SegmentId>, TantivyError> {
        let segments = self.index.searchable_segment_metas()?;
        Ok(segments.iter().filter(|segment| segment.has_deletes()).map(|segment| segment.id()).collect())
    }
}

/// The directory holds clear words: nobody else looks into it.
fn make_private(directory: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}
