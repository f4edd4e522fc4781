//! The in-memory log with a gate before every append, somebody who meddles, and faults on demand.

use commands::log::memory::MemoryLog;
use commands::log::{Appended, EventLog, LogFault, Unit};
use domain::ids::{EventId, LogId, Position};
use domain::recorded::Recorded;
use domain::source::{BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription};
use domain::stream::StreamName;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::watch;

type Meddler = Box<dyn Fn(&MemoryLog) + Send + Sync>;

pub struct MeddledLog {
    pub inner: Arc<MemoryLog>,
    gate: watch::Sender<bool>,
    /// How many units each append had.
    pub calls: Mutex<Vec<usize>>,
    meddler: Mutex<Option<Meddler>>,
    faults: Mutex<Vec<LogFault>>,
}

impl MeddledLog {
    pub fn new(inner: Arc<MemoryLog>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            gate: watch::Sender::new(true),
            calls: Mutex::default(),
            meddler: Mutex::default(),
            faults: Mutex::default(),
        })
    }

    /// Appends wait from now on.
    pub fn hold(&self) {
        self.gate.send_replace(false);
    }

    /// Lets them through.
    pub fn release(&self) {
        self.gate.send_replace(true);
    }

    /// Does this before each append from now on.
    pub fn meddle(&self, meddler: impl Fn(&MemoryLog) + Send + Sync + 'static) {
        *self.meddler.lock() = Some(Box::new(meddler));
    }

    /// The next append fails.
    pub fn fail_next(&self, fault: LogFault) {
        self.faults.lock().push(fault);
    }
}

impl EventSource for MeddledLog {
    fn log_id(&self) -> LogId {
        self.inner.log_id()
    }

    fn head(&self) -> Position {
        self.inner.head()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        self.inner.read_stream(stream, from, direction, limit)
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        self.inner.read_all(from, direction, limit, filter)
    }

    fn read_positions<'a>(
        &'a self,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        self.inner.read_positions(positions)
    }

    fn subscribe(&self, after: Position) -> Subscription {
        self.inner.subscribe(after)
    }
}

impl EventLog for MeddledLog {
    fn append(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Appended>, LogFault>> {
        Box::pin(async move {
            self.calls.lock().push(units.len());
            self.gate.subscribe().wait_for(|is_open| *is_open).await.unwrap();
            // An append takes time: others get their turn before and after it.
            tokio::task::yield_now().await;
            if let Some(meddler) = &*self.meddler.lock() {
                meddler(&self.inner);
            }
            let fault = self.faults.lock().pop();
            if let Some(fault) = fault {
                return Err(fault);
            }
            let appended = self.inner.append(units).await;
            tokio::task::yield_now().await;
            appended
        })
    }

    fn find<'a>(&'a self, ids: &'a [EventId]) -> BoxFuture<'a, Result<Vec<Option<Position>>, SourceFault>> {
        self.inner.find(ids)
    }

    fn revisions<'a>(&'a self, streams: &'a [StreamName]) -> BoxFuture<'a, Result<Vec<Option<u64>>, SourceFault>> {
        self.inner.revisions(streams)
    }

    fn truncate<'a>(&'a self, stream: &'a StreamName, before: u64) -> BoxFuture<'a, Result<(), LogFault>> {
        self.inner.truncate(stream, before)
    }

    fn delete<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), LogFault>> {
        self.inner.delete(stream)
    }
}
