//! All projections of a deployment: opened, run, waited for and asked.

use crate::account::accounts::{self, Accounts};
use crate::conversation::message_counts::{self, MessageCounts};
use crate::conversation::messaging::apply::Messaging;
use crate::conversation::messaging::reader as messaging;
use crate::copies::{Copies, CopyId};
use crate::database::analytics;
use crate::database::migrations::Change;
use crate::database::open::{OpenFault, Purpose, Wanted, open};
use crate::database::row::DatabaseFault;
use crate::database::url::DatabaseUrl;
use crate::feed::feed_index::{self, FeedIndex};
use crate::notification::reader as notifications;
use crate::observer::Observer;
use crate::projection::{MESSAGE_COUNTS, Projection};
use crate::reader::{Access, ReadFault};
use crate::relationship::circles;
use crate::run::{self, Lane, Pace};
use crate::serving::OpenCopy;
use crate::state_hash::{Table, state_hash};
use crate::story::reader as stories;
use crate::story::stories::Stories;
use crate::story::story_expiry::{self, StoryExpiry};
use crate::wait::{Behind, Status, listen};
use domain::ids::{LogId, Position};
use domain::source::EventSource;
use domain::words::Words;
use parking_lot::Mutex;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;
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
    /// Events of one transaction while a copy is filled.
    pub fill_events: usize,
    /// A projection that has nothing yet is built beside, and in large steps, when the log holds so many events; with
    /// fewer it just catches up.
    pub build_beside_events: u64,
    /// How long whoever began to ask a copy that is no longer live may go on. Longer than any request takes.
    pub retire_after: Duration,
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
            fill_events: 16_384,
            build_beside_events: 20_000,
            retire_after: Duration::from_secs(40),
            observer: None,
            #[cfg(feature = "mutants")]
            mutant: None,
        }
    }
}

/// All projections. Cheap to clone.
#[derive(Clone)]
pub struct Projections {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    words: Arc<dyn Words>,
    pub(crate) options: Options,
    pub(crate) url: DatabaseUrl,
    pub(crate) log_id: LogId,
    pub(crate) copies: Copies,
    /// What this process rebuilds.
    pub(crate) rebuilding: Mutex<HashSet<&'static str>>,
    /// Copies that were live until then, and may still be asked.
    pub(crate) retired: Mutex<Vec<(Instant, Arc<OpenCopy>)>>,
    /// Counts switches to other copies.
    pub(crate) switches: watch::Sender<u64>,
    /// A switch was broken off: what the catalogue says then is followed.
    pub(crate) in_doubt: Notify,
    /// In the order of [`crate::projection::ALL`].
    pub(crate) lanes: [Opened; 6],
}

/// A projection that is open.
pub(crate) struct Opened {
    pub(crate) lane: Lane,
    pub(crate) version: u32,
    pub(crate) changes: &'static [Change],
    pub(crate) tables: &'static [Table],
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
        let copies = Copies::open(database).await?;
        let opening = Opening { url: database, copies: &copies, log_id, read_connections: options.read_connections };
        // At once: after a crash each has its write-ahead log to read first.
        let (accounts, messaging, stories, expiry, feed_index, counts) = futures_util::try_join!(
            opening.one::<Accounts>(),
            opening.one::<Messaging>(),
            opening.one::<Stories>(),
            opening.one::<StoryExpiry>(),
            opening.one::<FeedIndex>(),
            opening.one::<MessageCounts>(),
        )?;
        let lanes = [accounts, messaging, stories, expiry, feed_index, counts];
        show_analysts(&lanes, database).await?;
        let inner = Inner {
            words,
            options,
            url: database.clone(),
            log_id,
            copies,
            rebuilding: Mutex::default(),
            retired: Mutex::default(),
            switches: watch::Sender::new(0),
            in_doubt: Notify::new(),
            lanes,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Spawns one reader of the log and one writer for each projection `on` a runtime; they end with `stop`. Once for each
    /// [`Projections`].
    ///
    /// A projection that has nothing yet is built beside when the log is long; until then it answers nothing.
    pub fn run(&self, source: Arc<dyn EventSource>, on: &Handle, tracker: &TaskTracker, stop: CancellationToken) {
        let options = &self.inner.options;
        let pace = Pace {
            batch_max_events: options.batch_max_events.max(1),
            gather: options.gather,
            observer: options.observer.clone(),
            #[cfg(feature = "mutants")]
            mutant: options.mutant,
        };
        self.stop_beyond(source.head());
        let unbuilt = self.build_beside(source.head());
        if !unbuilt.is_empty() {
            tracker.spawn(self.clone().build_first(unbuilt, source.clone(), stop.clone()));
        }
        let switches = self.inner.switches.subscribe();
        tracker.spawn_on(run::run_again(self.lanes(), source, pace, switches, stop.clone()), on);
        self.listen(tracker, stop);
    }

    /// Spawns what follows other processes on PostgreSQL, and what removes copies that nobody asks any more. Part of
    /// [`Projections::run`]; for processes that only read.
    pub fn listen(&self, tracker: &TaskTracker, stop: CancellationToken) {
        tracker.spawn(self.clone().keep_tidy(stop.clone()));
        let projections = self.clone();
        let lanes = self.lanes();
        tracker.spawn(async move {
            listen(lanes, || projections.adopt(), stop).await;
        });
    }

    fn lanes(&self) -> Vec<Lane> {
        self.inner.lanes.iter().map(|opened| opened.lane.clone()).collect()
    }

    /// Closes every connection, after the tasks of [`Projections::run`] have ended.
    pub async fn close(&self) {
        for opened in &self.inner.lanes {
            opened.lane.serving.now().database.close().await;
        }
        let retired = std::mem::take(&mut *self.inner.retired.lock());
        for (_, copy) in retired {
            copy.database.close().await;
        }
        self.inner.copies.close().await;
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
            Some(Opened { lane, .. }) => lane.progress.wait(&lane.serving, position, timeout).await,
            None => Err(Behind { name: name.to_owned(), position: Position::START }),
        }
    }

    /// Asks the database of each projection.
    ///
    /// # Errors
    /// When one does not answer.
    pub async fn ping(&self) -> Result<(), ReadFault> {
        for opened in &self.inner.lanes {
            let mut tx = opened.lane.serving.now().database.begin_read().await?;
            tx.fetch_optional("SELECT position FROM checkpoint", []).await?;
        }
        Ok(())
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
            Some(opened) => Ok(state_hash(&opened.lane.serving.now().database, opened.tables).await?),
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

    /// Asks about notifications.
    pub fn notifications(&self) -> notifications::Reader {
        notifications::Reader::new(self.access(1))
    }

    /// Asks about stories.
    pub fn stories(&self) -> stories::Reader {
        stories::Reader::new(self.access(2))
    }

    /// Asks who follows whom, and who counts whom as a close friend.
    pub fn circles(&self) -> circles::Reader {
        circles::Reader::new(self.access(2))
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
        Access { serving: self.inner.lanes[index].lane.serving.clone(), words: self.inner.words.clone() }
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Opened> {
        self.inner.lanes.iter().find(|opened| opened.lane.name == name)
    }
}

/// Shows analysts the counts that are live.
async fn show_analysts(lanes: &[Opened], url: &DatabaseUrl) -> Result<(), OpenFault> {
    let counts = lanes.iter().map(|opened| &opened.lane).find(|lane| lane.name == MESSAGE_COUNTS);
    if let (Some(counts), DatabaseUrl::Postgres { schema_prefix, .. }) = (counts, url) {
        let copy = counts.serving.now();
        let shown = analytics::show(&copy.database, schema_prefix).await;
        shown.map_err(|source| OpenFault::Open { name: MESSAGE_COUNTS, source })?;
    }
    Ok(())
}

/// What every projection is opened with.
struct Opening<'a> {
    url: &'a DatabaseUrl,
    copies: &'a Copies,
    log_id: LogId,
    read_connections: u32,
}

impl Opening<'_> {
    async fn one<P: Projection>(&self) -> Result<Opened, OpenFault> {
        let failed = |fault| match fault {
            DatabaseFault::Sql(source) => OpenFault::Open { name: P::NAME, source },
            DatabaseFault::Damaged(what) => {
                OpenFault::Open { name: P::NAME, source: sqlx::Error::Protocol(what.into()) }
            }
        };
        let id = self.copies.live(P::NAME, P::VERSION).await.map_err(failed)?;
        let database = open(self.url, &Wanted::copy(id, P::CHANGES, self.read_connections, Purpose::Serving)).await?;
        let log_id = self.log_id;
        let (position, of_log) = find_checkpoint(&database, id, log_id).await.map_err(failed)?;
        let copy = OpenCopy { id, database, is_readable: of_log == log_id };
        let lane = Lane::new::<P>(copy, position);
        if of_log != log_id {
            let reason = format!("needs rebuild: its rows are of the log {of_log}, not of {log_id}");
            tracing::error!(projection = P::NAME, %of_log, %log_id, "the projection is of another log and needs a rebuild");
            lane.stop(reason);
        }
        Ok(Opened { lane, version: P::VERSION, changes: P::CHANGES, tables: P::TABLES })
    }
}

/// The checkpoint; made at the start of the log if there is none.
pub(crate) async fn find_checkpoint(
    database: &crate::database::Database,
    copy: CopyId,
    log_id: LogId,
) -> Result<(Position, LogId), DatabaseFault> {
    let name = copy.name;
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
