//! A log in memory, a database each, and projections that run.

use crate::database::url::DatabaseUrl;
use crate::projections::{Options, Projections};
use crate::testing::script::LOG;
use crate::testing::words::OpenWords;
use domain::ids::{LogId, Position};
use domain::recorded::Recorded;
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A log in memory that gives its events in batches of a chosen size.
pub(crate) struct Source {
    events: watch::Sender<Vec<Arc<Recorded>>>,
    batch: usize,
    /// How many events before the asked ones every subscription gives once more.
    repeats: usize,
}

impl Source {
    pub(crate) fn new(events: &[Arc<Recorded>], batch: usize) -> Arc<Self> {
        Self::repeating(events, batch, 0)
    }

    /// As a transport may give them: with some that were given before.
    pub(crate) fn repeating(events: &[Arc<Recorded>], batch: usize, repeats: usize) -> Arc<Self> {
        Arc::new(Self { events: watch::Sender::new(events.to_vec()), batch, repeats })
    }

    pub(crate) fn set(&self, events: &[Arc<Recorded>]) {
        self.events.send_replace(events.to_vec());
    }
}

impl EventSource for Source {
    fn log_id(&self) -> LogId {
        LOG
    }

    fn head(&self) -> Position {
        Position(self.events.borrow().len() as u64)
    }

    /// Forward only.
    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        _: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        let all: Vec<_> = self.events.borrow().iter().filter(|event| event.stream == *stream).cloned().collect();
        let revision = all.last().map(|event| event.revision);
        let events = all.into_iter().filter(|event| event.revision >= from).take(limit).collect();
        Box::pin(async move { Ok(StreamSlice { events, revision }) })
    }

    /// Forward only, and everything.
    fn read_all<'a>(
        &'a self,
        after: Position,
        _: Direction,
        limit: usize,
        _: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        let all = self.events.borrow();
        let from = (after.0 as usize).min(all.len());
        let to = (from + limit).min(all.len());
        let slice = LogSlice { events: all[from..to].to_vec(), next: Position(to as u64), at_end: to == all.len() };
        Box::pin(async { Ok(slice) })
    }

    fn read_positions<'a>(&'a self, _: &'a [Position]) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        Box::pin(async { Err(SourceFault::Closed) })
    }

    fn subscribe(&self, after: Position) -> Subscription {
        let state = (self.events.subscribe(), (after.0 as usize).saturating_sub(self.repeats), self.batch);
        Box::pin(futures_util::stream::unfold(state, |(mut events, from, size)| async move {
            let batch: Batch = match events.wait_for(|events| events.len() > from).await {
                Ok(events) => events[from..events.len().min(from + size)].into(),
                Err(_) => return None,
            };
            let next = from + batch.len();
            Some((Ok(batch), (events, next, size)))
        }))
    }
}

/// A place for read models, gone after the test.
pub(crate) struct Place {
    pub(crate) url: DatabaseUrl,
    _directory: Option<Arc<tempfile::TempDir>>,
}

impl Place {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::Sqlite { directory: directory.path().join("read") };
        Self { url, _directory: Some(Arc::new(directory)) }
    }

    /// Schemas of this test in the database of `TIDINGS_TEST_POSTGRES`.
    #[expect(clippy::disallowed_methods, reason = "the test run names its database in the environment")]
    #[expect(clippy::disallowed_macros, reason = "the test harness catches what is printed")]
    pub(crate) fn postgres(test: &str) -> Option<Self> {
        let Ok(url) = std::env::var("TIDINGS_TEST_POSTGRES") else {
            println!("skipped on PostgreSQL: TIDINGS_TEST_POSTGRES is not set");
            return None;
        };
        // Two lines at the end: no test's prefix begins another's, whose schemas would be cleaned away with its own.
        let prefix = format!("t{:x}_{test}__", std::process::id());
        Some(Self { url: DatabaseUrl::Postgres { url, schema_prefix: prefix }, _directory: None })
    }

    /// SQLite always, PostgreSQL where there is one.
    pub(crate) fn all(test: &str) -> Vec<Self> {
        std::iter::once(Self::sqlite()).chain(Self::postgres(test)).collect()
    }

    /// The same place once more; cleaned with the first.
    pub(crate) fn again(&self) -> Self {
        Self { url: self.url.clone(), _directory: None }
    }

    pub(crate) async fn clean(self) {
        if let DatabaseUrl::Postgres { url, schema_prefix } = &self.url {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            let ours = "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, $1)";
            let schemas: Vec<String> =
                sqlx::query_scalar(ours).bind(schema_prefix).fetch_all(&mut connection).await.unwrap();
            for schema in schemas {
                let drop = format!("DROP SCHEMA IF EXISTS \"{schema}\" CASCADE");
                connection.execute(AssertSqlSafe(drop)).await.unwrap();
            }
        }
    }
}

/// Running projections.
pub(crate) struct World {
    pub(crate) projections: Projections,
    pub(crate) words: Arc<OpenWords>,
    pub(crate) source: Arc<Source>,
    tracker: TaskTracker,
    stop: CancellationToken,
    /// Of its place: it stays as long as this world may open a connection.
    _directory: Option<Arc<tempfile::TempDir>>,
}

impl World {
    /// Opens and runs; the events come in batches of `batch`.
    pub(crate) async fn run(place: &Place, events: &[Arc<Recorded>], batch: usize) -> Self {
        Self::run_from(place, Source::new(events, batch), batch).await
    }

    /// Opens and runs from this source.
    pub(crate) async fn run_from(place: &Place, source: Arc<Source>, batch: usize) -> Self {
        let options = Options { batch_max_events: batch, read_connections: 2, ..Options::default() };
        Self::run_with(place, source, options).await
    }

    /// Opens and runs so.
    pub(crate) async fn run_with(place: &Place, source: Arc<Source>, options: Options) -> Self {
        let words = Arc::new(OpenWords::default());
        let projections = Projections::open_with(&place.url, LOG, words.clone(), options).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        projections.run(source.clone(), &Handle::current(), &tracker, stop.clone());
        Self { projections, words, source, tracker, stop, _directory: place._directory.clone() }
    }

    /// Opens and only reads.
    pub(crate) async fn reading(place: &Place) -> Self {
        let words = Arc::new(OpenWords::default());
        let projections = Projections::open(&place.url, LOG, words.clone()).await.unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        projections.listen(&tracker, stop.clone());
        let source = Source::new(&[], 1);
        Self { projections, words, source, tracker, stop, _directory: place._directory.clone() }
    }

    /// Runs until everything is applied.
    pub(crate) async fn caught_up(place: &Place, events: &[Arc<Recorded>], batch: usize) -> Self {
        let world = Self::run(place, events, batch).await;
        world.catches_up().await;
        world
    }

    pub(crate) async fn catches_up(&self) {
        for name in crate::projection::ALL {
            self.projections.wait(name, self.source.head(), Duration::from_secs(30)).await.unwrap();
        }
    }

    pub(crate) async fn hashes(&self) -> Vec<[u8; 32]> {
        let mut hashes = Vec::new();
        for name in crate::projection::ALL {
            hashes.push(self.projections.state_hash(name).await.unwrap());
        }
        hashes
    }

    /// As a crash between two batches: nothing that waits is applied, nothing is closed. A batch under way ends first: within
    /// one process it would go on beside the next world, which no crash does.
    pub(crate) async fn crashes(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        drop(self);
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.projections.close().await;
    }
}
