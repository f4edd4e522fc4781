//! The embedded log behind the ports: events in, events out, words sealed on the way in.

use super::appending::{prepare, seal};
use super::decode::decode;
use super::engine::Log;
use super::fault::OpenFault;
use super::follow;
use super::marks::Hidden;
use super::options::Options;
use super::ring::Ring;
use crate::seal::vault::Vault;
use commands::log::{Appended, EventLog, LogFault, Unit};
use domain::ids::{EventId, LogId, Position};
use domain::recorded::Recorded;
use domain::source::{BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription};
use domain::stream::StreamName;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Events of one stream that one call gives, at most.
pub const STREAM_MAX_EVENTS: usize = 4096;

/// The embedded log.
///
/// Reading by stream leaves out what the category's retention, truncation and deletion hide. Reading by position, and
/// subscribing, leaves out what was reclaimed and the events of deleted streams; but never the newest event of the log,
/// so that whoever follows reaches its head.
pub struct EmbeddedLog {
    raw: Log,
    /// None in a log that is open for reading only.
    vault: Option<Arc<Vault>>,
    ring: Arc<Ring>,
}

impl EmbeddedLog {
    /// Opens the log in `dir`, making it if it is missing. `vault` seals the words of what is appended.
    ///
    /// # Errors
    /// See [`OpenFault`].
    pub fn open(dir: &Path, options: Options, vault: Arc<Vault>) -> Result<Self, OpenFault> {
        Ok(Self { raw: Log::open(dir, options)?, vault: Some(vault), ring: Arc::default() })
    }

    /// Opens the log in `dir` for reading as it is now, also while a server has it.
    ///
    /// # Errors
    /// See [`OpenFault`].
    pub fn open_read_only(dir: &Path, options: &Options) -> Result<Self, OpenFault> {
        Ok(Self { raw: Log::open_read_only(dir, options)?, vault: None, ring: Arc::default() })
    }

    /// The engine below.
    pub fn raw(&self) -> &Log {
        &self.raw
    }

    /// The same log with room for fewer events in memory, for tests that want to fall behind.
    #[must_use]
    pub fn with_ring(self, max_events: usize) -> Self {
        Self { ring: Arc::new(Ring::of(max_events)), ..self }
    }

    /// Finishes what was appended before, closes the log and frees its directory's lock.
    pub async fn close(&self) {
        self.raw.close().await;
    }

    async fn append_units(&self, units: Vec<Unit>) -> Result<Vec<Appended>, LogFault> {
        let vault = self.vault.as_deref().ok_or(LogFault::Closed)?;
        let units = seal(vault, units).await?;
        let (answer, answered) = oneshot::channel();
        let (raw_units, appending) = prepare(units, Arc::clone(&self.ring), answer)?;
        self.raw.append_for(raw_units, Box::new(appending)).await?;
        answered.await.map_err(|_| LogFault::Closed)?
    }
}

impl EventSource for EmbeddedLog {
    fn log_id(&self) -> LogId {
        self.raw.header().log_id
    }

    fn head(&self) -> Position {
        self.raw.head()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        Box::pin(async move {
            let mut events = Vec::new();
            let limit = limit.min(STREAM_MAX_EVENTS);
            let revision = self.raw.history().read_stream(stream, from, direction, limit, |record| {
                events.push(decode(&record)?);
                Ok(())
            })?;
            Ok(StreamSlice { events, revision })
        })
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        Box::pin(follow::read(self.raw.history(), from, direction, limit, filter))
    }

    fn read_positions<'a>(
        &'a self,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        Box::pin(async move {
            let mut events = Vec::with_capacity(positions.len());
            let marks = &self.raw.history().marks;
            self.raw.history().read_positions(positions, |record| {
                if !marks.is_deleted(record.stream()) {
                    events.push(decode(&record)?);
                }
                Ok(())
            })?;
            Ok(events)
        })
    }

    fn subscribe(&self, after: Position) -> Subscription {
        follow::subscribe(after, Arc::clone(&self.ring), Arc::clone(self.raw.history()), self.raw.follow())
    }
}

impl EventLog for EmbeddedLog {
    fn append(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Appended>, LogFault>> {
        Box::pin(self.append_units(units))
    }

    fn find<'a>(&'a self, ids: &'a [EventId]) -> BoxFuture<'a, Result<Vec<Option<Position>>, SourceFault>> {
        Box::pin(async move { self.raw.find(ids) })
    }

    fn revisions<'a>(&'a self, streams: &'a [StreamName]) -> BoxFuture<'a, Result<Vec<Option<u64>>, SourceFault>> {
        Box::pin(async move { self.raw.revisions(streams) })
    }

    fn truncate<'a>(&'a self, stream: &'a StreamName, before: u64) -> BoxFuture<'a, Result<(), LogFault>> {
        Box::pin(self.raw.hide(stream.clone(), Hidden::Before(before)))
    }

    fn delete<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), LogFault>> {
        Box::pin(self.raw.hide(stream.clone(), Hidden::Deleted))
    }
}
