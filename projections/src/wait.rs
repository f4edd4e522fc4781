//! How far projections have come, and waiting until one has come far enough.

use crate::copies::SWITCHES;
use crate::database::Database;
use crate::projection::NOTIFICATIONS;
use crate::run::Lane;
use crate::serving::Serving;
use domain::ids::Position;
use sqlx::postgres::PgListener;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often a waiting query asks PostgreSQL itself, in case a notification was lost.
const POLL: Duration = Duration::from_millis(100);
/// How often a listener looks whether another copy is live, in case a notification was lost.
const LOOK_FOR_SWITCHES: Duration = Duration::from_secs(2);
/// How long to wait before listening again after the connection failed.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// What a projection is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Applying events, or waiting for some.
    Running,
    /// Its database does not answer; it is tried again.
    Retrying(String),
    /// Nothing can be asked yet: its rows are built from the start of the log, beside.
    Building,
    /// It has stopped and says why. Its rows are as of its position.
    Stopped(String),
}

/// How far a projection has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which.
    pub name: &'static str,
    /// The last event that it has applied.
    pub position: Position,
    /// What it is doing.
    pub state: State,
}

impl Status {
    /// How many events of a log that ends at `head` it has not applied.
    pub fn lag_events(&self, head: Position) -> u64 {
        head.0.saturating_sub(self.position.0)
    }
}

/// A projection has not come far enough in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the projection {name} is at position {position} only")]
pub struct Behind {
    /// Which.
    pub name: String,
    /// How far it is.
    pub position: Position,
}

/// The progress of one projection as this process knows it.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    name: &'static str,
    sender: Arc<watch::Sender<(Position, State)>>,
}

impl Progress {
    pub(crate) fn new(name: &'static str, position: Position) -> Self {
        Self { name, sender: Arc::new(watch::Sender::new((position, State::Running))) }
    }

    pub(crate) fn position(&self) -> Position {
        self.sender.borrow().0
    }

    pub(crate) fn status(&self) -> Status {
        let (position, state) = self.sender.borrow().clone();
        Status { name: self.name, position, state }
    }

    /// It has come this far, and runs.
    pub(crate) fn moved(&self, to: Position) {
        self.sender.send_modify(|(position, state)| {
            *position = to.max(*position);
            *state = State::Running;
        });
    }

    /// It was seen to be this far.
    pub(crate) fn seen(&self, at: Position) {
        self.sender.send_if_modified(|(position, _)| {
            let further = at > *position;
            *position = at.max(*position);
            further
        });
    }

    /// Another copy is served, which is this far, and runs.
    pub(crate) fn switched(&self, at: Position) {
        self.sender.send_replace((at, State::Running));
    }

    pub(crate) fn set(&self, new: State) {
        self.sender.send_modify(|(_, state)| *state = new);
    }

    /// Waits until it has come to `wanted`, at most `timeout`. A projection that has stopped is not waited for.
    pub(crate) async fn wait(
        &self,
        serving: &Serving,
        wanted: Position,
        timeout: Duration,
    ) -> Result<Position, Behind> {
        let mut receiver = self.sender.subscribe();
        let reached = async {
            let done =
                |(position, state): &(Position, State)| *position >= wanted || matches!(state, State::Stopped(_));
            loop {
                if receiver.wait_for(done).await.is_ok() {
                    return;
                }
                std::future::pending::<()>().await;
            }
        };
        let polled = async {
            loop {
                tokio::time::sleep(POLL).await;
                self.ask(&serving.now().database).await;
            }
        };
        let in_time = match &serving.now().database {
            Database::Sqlite { .. } => tokio::time::timeout(timeout, reached).await,
            Database::Postgres { .. } => {
                tokio::time::timeout(timeout, async {
                    tokio::select! { () = reached => {}, () = polled => {} }
                })
                .await
            }
        };
        let position = self.position();
        match in_time {
            Ok(()) | Err(_) if position >= wanted => Ok(position),
            _ => Err(Behind { name: self.name.to_owned(), position }),
        }
    }

    /// Reads the checkpoint from PostgreSQL, where another process may have moved it.
    async fn ask(&self, database: &Database) {
        let Database::Postgres { read, .. } = database else { return };
        let asked = sqlx::query_scalar::<_, i64>("SELECT position FROM checkpoint WHERE name = $1")
            .bind(self.name)
            .fetch_optional(read)
            .await;
        match asked {
            Ok(position) => self.seen(Position(position.unwrap_or(0).unsigned_abs())),
            Err(error) => tracing::debug!(projection = self.name, %error, "the checkpoint could not be polled"),
        }
    }
}

/// Listens for what other processes commit, until stopped: projections that moved, and switches to other copies, which
/// `switched` looks up. Does nothing on SQLite.
pub(crate) async fn listen<S: Future<Output = ()>>(
    lanes: Vec<Lane>,
    switched: impl Fn() -> S,
    stop: CancellationToken,
) {
    let Some(Database::Postgres { .. }) = lanes.first().map(|lane| lane.serving.now().database.clone()) else { return };
    loop {
        let heard = async {
            let Some(Database::Postgres { read, .. }) = lanes.first().map(|lane| lane.serving.now().database.clone())
            else {
                return std::future::pending().await;
            };
            // The pool may close while this waits; the connection then ends with it.
            let mut listener = PgListener::connect_with(&read).await?;
            listener.listen_all([NOTIFICATIONS, SWITCHES]).await?;
            // What was switched before there was somebody to hear it.
            switched().await;
            loop {
                let Ok(notification) = tokio::time::timeout(LOOK_FOR_SWITCHES, listener.recv()).await else {
                    switched().await;
                    continue;
                };
                let notification = notification?;
                if notification.channel() == SWITCHES {
                    switched().await;
                } else {
                    take_notice(&lanes, notification.payload());
                }
            }
        };
        let Err(error): Result<Infallible, sqlx::Error> = tokio::select! {
            () = stop.cancelled() => return,
            failed = heard => failed,
        };
        tracing::warn!(%error, "listening for projections of other processes failed; trying again");
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LISTEN_AGAIN) => {}
        }
    }
}

fn take_notice(lanes: &[Lane], payload: &str) {
    let Some((moved, position)) = payload.rsplit_once(' ') else { return };
    let Ok(position) = position.parse::<Position>() else { return };
    let here = lanes
        .iter()
        .find(|lane| matches!(&lane.serving.now().database, Database::Postgres { schema, .. } if schema == moved));
    if let Some(lane) = here {
        lane.progress.seen(position);
    }
}
