//! All projections of a deployment: opened, run, waited for and asked.

use crate::account::accounts::{self, Accounts};
use crate::conversation::message_counts::{self, MessageCounts};
use crate::conversation::messaging::apply::Messaging;
use crate::conversation::messaging::reader as messaging;
use crate::database::open::{OpenFault, Wanted, open};
use crate::database::row::DatabaseFault;
use crate::database::url::DatabaseUrl;
use crate::feed::feed_index::{self, FeedIndex};
use crate::observer::Observer;
use crate::projection::Projection;
use crate::reader::{Access, ReadFault};
use crate::run::{self, Lane, Pace};
use crate::state_hash::{Table, state_hash};
use crate::story::stories::{self, Stories};
use crate::story::story_expiry::{self, StoryExpiry};
use crate::wait::{Behind, State, Status, listen};
use domain::clock::Clock;
use domain::ids::{LogId, Position};
use domain::source::EventSource;
use domain::words::Words;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How projections are run and read.
#[derive(Clone)]
pub struct Options {
    /// Connections for queries, for each projection.
    pub read_connections: u32,
    /// Events of one transaction, at most (one batch of the log may go over).
    pub batch_max_events: usize,
    /// Under load, how long the reader gathers events for one transaction: by so much answers may lag behind the log
    /// then. Measured on SQLite at 12,000 events/s, 100 ms cost a third less CPU time an event than 25 ms (33 instead of
    /// 54 µs in a nearly empty database, 49 instead of 73 µs after 400,000 messages); 250 ms stay well below the second
    /// that a projection may be behind.
    pub gather: Duration,
    /// For the metric of how old the newest applied event is; without it there is none.
    pub clock: Option<Arc<dyn Clock>>,
    /// Is told what is applied, for traces.
    pub observer: Option<Arc<dyn Observer>>,
    /// A fault built in on purpose.
    #[cfg(feature = "mutants")]
    pub mutant: Option<crate::projection::Mutant>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            read_connections: 4,
            batch_max_events: 4_096,
            gather: Duration::from_millis(250),
            clock: None,
            observer: None,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }
}

/// All projections. Cheap to clone.
#[derive(Clone)]
pub struct Projections {
    inner: Arc<Inner>,
}

struct Inner {
    words: Arc<dyn Words>,
    options: Options,
    /// In the order of [`crate::projection::ALL`].
    lanes: [Opened; 6],
}

struct Opened {
    lane: Lane,
    tables: &'static [Table],
}

impl Projections {
    /// Opens every projection's database, brings its tables up to date and finds its checkpoint.
    ///
    /// Rows that were built from another log than `log_id` are left alone: that projection reports that it needs a
    /// rebuild and does not run.
    ///
    /// # Errors
    /// When a database cannot be opened or migrated.
    pub async fn open(database: &DatabaseUrl, log_id: LogId, words: Arc<dyn Words>) -> Result<Self, OpenFault> {
        Self::open_with(database, log_id, words, Options::default()).await
    }

    /// As [`Projections::open`], with options.
    ///
    /// # Errors
    /// When a database cannot be opened or migrated.
    pub async fn open_with(
        database: &DatabaseUrl,
        log_id: LogId,
        words: Arc<dyn Words>,
        options: Options,
    ) -> Result<Self, OpenFault> {
        let read = options.read_connections;
        let lanes = [
            open_one::<Accounts>(database, log_id, read).await?,
            open_one::<Messaging>(database, log_id, read).await?,
            open_one::<Stories>(database, log_id, read).await?,
            open_one::<StoryExpiry>(database, log_id, read).await?,
            open_one::<FeedIndex>(database, log_id, read).await?,
            open_one::<MessageCounts>(database, log_id, read).await?,
        ];
        Ok(Self { inner: Arc::new(Inner { words, options, lanes }) })
    }

    /// Spawns one reader of the log and one writer for each projection; they end with `stop`. Once for each
    /// [`Projections`].
    pub fn run(&self, source: Arc<dyn EventSource>, tracker: &TaskTracker, stop: CancellationToken) {
        let options = &self.inner.options;
        let pace = Pace {
            batch_max_events: options.batch_max_events.max(1),
            gather: options.gather,
            clock: options.clock.clone(),
            observer: options.observer.clone(),
            #[cfg(feature = "mutants")]
            mutant: options.mutant,
        };
        let lanes = self.inner.lanes.iter().map(|opened| opened.lane.clone()).collect();
        run::run(lanes, source, pace, tracker, stop.clone());
        self.listen(tracker, stop);
    }

    /// On PostgreSQL, spawns the listener for what other processes' projectors commit. Part of
    /// [`Projections::run`]; for processes that only read.
    pub fn listen(&self, tracker: &TaskTracker, stop: CancellationToken) {
        let all = self.inner.lanes.iter().map(|o| (o.lane.database.clone(), o.lane.progress.clone())).collect();
        tracker.spawn(listen(all, stop));
    }

    /// Closes every connection, after the tasks of [`Projections::run`] have ended.
    pub async fn close(&self) {
        for opened in &self.inner.lanes {
            opened.lane.database.close().await;
        }
    }

    /// How far a projection has come; none for an unknown name.
    pub fn progress(&self, name: &str) -> Option<Position> {
        self.named(name).map(|opened| opened.lane.progress.position())
    }

    /// Waits until a projection has applied the event at `position`.
    ///
    /// # Errors
    /// After `timeout`, or at once when it has stopped or does not exist.
    pub async fn wait(&self, name: &str, position: Position, timeout: Duration) -> Result<Position, Behind> {
        match self.named(name) {
            Some(Opened { lane, .. }) => lane.progress.wait(&lane.database, position, timeout).await,
            None => Err(Behind { name: name.to_owned(), position: Position::START }),
        }
    }

    /// How every projection is doing.
    pub fn status(&self) -> Vec<Status> {
        self.inner.lanes.iter().map(|opened| opened.lane.progress.status()).collect()
    }

    /// A hash of a projection's rows (of none for an unknown name), equal to that of a replay of the same events,
    /// without what may vanish from the log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn state_hash(&self, name: &str) -> Result<[u8; 32], ReadFault> {
        match self.named(name) {
            Some(opened) => Ok(state_hash(&opened.lane.database, opened.tables).await?),
            None => Ok([0; 32]),
        }
    }

    /// Asks about accounts.
    pub fn accounts(&self) -> accounts::Reader {
        accounts::Reader::new(self.access(0))
    }

    /// Asks about conversations and messages.
    pub fn messaging(&self) -> messaging::Reader {
        messaging::Reader::new(self.access(1))
    }

    /// Asks about stories.
    pub fn stories(&self) -> stories::Reader {
        stories::Reader::new(self.access(2))
    }

    /// Asks which stories are due.
    pub fn story_expiry(&self) -> story_expiry::Reader {
        story_expiry::Reader::new(self.access(3))
    }

    /// Asks what a feed has missed.
    pub fn feed_index(&self) -> feed_index::Reader {
        feed_index::Reader::new(self.access(4))
    }

    /// Asks about messages a day.
    pub fn message_counts(&self) -> message_counts::Reader {
        message_counts::Reader::new(self.access(5))
    }

    fn access(&self, index: usize) -> Access {
        Access { database: self.inner.lanes[index].lane.database.clone(), words: self.inner.words.clone() }
    }

    fn named(&self, name: &str) -> Option<&Opened> {
        self.inner.lanes.iter().find(|opened| opened.lane.name == name)
    }
}

async fn open_one<P: Projection>(url: &DatabaseUrl, log_id: LogId, read: u32) -> Result<Opened, OpenFault> {
    let wanted = Wanted { name: P::NAME, version: P::VERSION, changes: P::CHANGES, read_connections: read };
    let database = open(url, &wanted).await?;
    let failed = |fault| match fault {
        DatabaseFault::Sql(source) => OpenFault::Open { name: P::NAME, source },
        DatabaseFault::Damaged(what) => OpenFault::Open { name: P::NAME, source: sqlx::Error::Protocol(what.into()) },
    };
    let (position, of_log) = find_checkpoint(&database, P::NAME, log_id).await.map_err(failed)?;
    let mut lane = Lane::new::<P>(database, position);
    if of_log != log_id {
        lane.runs = false;
        let reason = format!("needs rebuild: its rows are of the log {of_log}, not of {log_id}");
        tracing::error!(projection = P::NAME, %of_log, %log_id, "the projection is of another log and needs a rebuild");
        lane.progress.set(State::Stopped(reason));
    }
    Ok(Opened { lane, tables: P::TABLES })
}

/// The checkpoint; made at the start of the log if there is none.
async fn find_checkpoint(
    database: &crate::database::Database,
    name: &'static str,
    log_id: LogId,
) -> Result<(Position, LogId), DatabaseFault> {
    if let Some((position, of_log)) = run::checkpoint(database, name).await? {
        return Ok((position, LogId::new(of_log)));
    }
    let mut tx = database.begin_write().await?;
    tx.execute(
        "INSERT INTO checkpoint (name, position, log_id) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [name.into(), Position::START.into(), log_id.into()],
    )
    .await?;
    tx.commit().await?;
    let made = run::checkpoint(database, name).await?.ok_or(DatabaseFault::Damaged("the checkpoint is missing"))?;
    Ok((made.0, LogId::new(made.1)))
}
