//! The composition root: opens everything in its order, starts it, and stops it in the reverse order.
//!
//! The data directory, with the default configuration:
//!
//! | path | holds | lose it and … |
//! |---|---|---|
//! | `log/` | history: segments, their indexes, the log's header | everything is lost |
//! | `keys/keys.db` | subject keys and the log's hash key, wrapped | all words are lost; the log does not open |
//! | `secrets/key-encryption-key` | what wraps those keys | as above |
//! | `secrets/token-key` | what signs and verifies access tokens | everybody refreshes |
//! | `projections/` | read models | they are built again from the log |
//! | `search/` | the search index, with words in clear | it is built again from the log |
//! | `admin.sock` | where the shell asks the running server | the shell opens the directory itself |
//! | `admin-password` | the first administrator's password | `tidings account password admin` sets another |
//!
//! Whatever else stands there is left alone. Backups of `keys/` and `secrets/` belong apart from those of `log/`.

pub mod destructions;
pub mod due_work;
pub mod first_start;
pub mod jobs;
pub mod opening;

use crate::admin::server::Admin;
use crate::app::due_work::{Erasures, Purges, Schedule};
use crate::app::first_start::make_admin;
use crate::app::jobs::Jobs;
use crate::app::opening::{Opened, Tasks, open, took};
use crate::auth::password::Passwords;
use crate::auth::rates::Rates;
use crate::auth::revocations::Revocations;
use crate::auth::role::Roles;
use crate::auth::sign_in_limit::SignInLimit;
use crate::auth::token::Tokens;
use crate::config::Config;
use crate::http::routes::router;
use crate::live::router::Live;
use crate::serve::{self, Server};
use crate::traces::Traces;
use crate::{admin, telemetry};
use anyhow::{Context, bail};
use commands::conversation::read_marks::ReadMarks;
use commands::execute::Executor;
use commands::log::EventLog;
use commands::policies::whenever_a_story_is_due_then_expire_it as expiry;
use commands::policies::whenever_an_erasure_is_due_then_erase_the_account as erasure;
use commands::policies::whenever_messages_are_over_age_then_purge_them as purge;
use domain::clock::Clock;
use domain::ids::LogId;
use domain::words::Words;
use futures_util::FutureExt;
use http::HeaderValue;
use metrics_exporter_prometheus::PrometheusHandle;
use projections::background::Background;
use projections::projection;
use projections::projections::Projections;
use projections::run::lag::Lags;
use projections::search::local::LocalSearch;
use projections::search::port::Search;
use projections::wait::Status;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::embedded::head::Head;
use store::nats::connection::Nats;
use store::nats::relay;
use store::seal::vault::Vault;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a start waits for projections that are behind; then they catch up while the server answers.
const CATCH_UP_LIMIT: Duration = Duration::from_secs(10);
/// How long a stop waits for sockets, and then for requests.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);
/// How often histograms are tidied.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Everything that handlers need.
pub struct App {
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Which log that is.
    pub log_id: LogId,
    /// The same as a header's value.
    pub log_header: HeaderValue,
    /// Long work of operators.
    pub jobs: Jobs,
    /// Keeps the keys.
    pub vault: Arc<Vault>,
    /// Opens words and makes keyed hashes.
    pub words: Arc<dyn Words>,
    /// Decides and appends.
    pub executor: Arc<Executor>,
    /// Merges read watermarks on their way to the executor.
    pub read_marks: Arc<ReadMarks>,
    /// Answers questions.
    pub projections: Projections,
    /// Finds messages by their words.
    pub search: LocalSearch,
    /// Access tokens.
    pub tokens: Tokens,
    /// Sessions that are over.
    pub revocations: Arc<Revocations>,
    /// Roles of callers.
    pub roles: Roles,
    /// Hashes passwords.
    pub passwords: Passwords,
    /// Counts failed sign-ins.
    pub sign_ins: SignInLimit,
    /// Counts requests.
    pub rates: Rates,
    /// Makes traces.
    pub traces: Traces,
    /// The feed's router.
    pub live: Arc<Live>,
    /// The connection to NATS, where events go over it.
    pub nats: Option<Nats>,
    /// What is set.
    pub config: Config,
    /// Tasks that decide and append; empty once stopped.
    pub tracker: TaskTracker,
    /// Stops them, after the last request.
    pub stop: CancellationToken,
}

impl App {
    /// How every projection is doing, the search index too.
    pub fn statuses(&self) -> Vec<Status> {
        let mut statuses = self.projections.status();
        statuses.push(self.search.status());
        statuses
    }
}

/// A server that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    opened: Opened,
    reading: Tasks,
    background: Background,
    admin: Admin,
    server: Server,
}

/// Opens everything and starts it.
///
/// # Errors
/// When something cannot be opened or the address cannot be listened on.
pub async fn start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Running> {
    let recorder = telemetry::recorder();
    // First, so that a taken port is told before anything is made.
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    let opened = open(config, clock).await?;
    make_admin(&opened.app).inspect(took("administrator")).await?;
    let reading = Tasks::default();
    let background = Background::start().context("no threads for read models")?;
    run(&opened, &reading, &background);
    reading.tracker.spawn(tidy(recorder, reading.stop.clone()));
    catch_up(&opened.app).inspect(took("what was behind")).await;
    let admin = admin::server::start(&opened.app)?;
    let server = serve::start(listener, router(opened.app.clone()), opened.app.config.server.connections);
    Ok(Running { address, opened, reading, background, admin, server })
}

fn run(opened: &Opened, reading: &Tasks, background: &Background) {
    let (app, Tasks { tracker, stop }) = (&opened.app, reading);
    if let Some(nats) = &app.nats {
        drop(relay::start(opened.log.clone(), nats.clone(), tracker, stop.clone()));
    }
    app.projections.run(opened.source.clone(), background.handle(), tracker, stop.clone());
    app.search.run(opened.source.clone(), background.handle(), tracker, stop.clone());
    let lags = Lags::new(opened.log.clone(), app.clock.clone(), background.handle(), tracker, stop.clone());
    let watched = app.clone();
    tracker.spawn(lags.tell(move || watched.statuses()));
    app.live.run(tracker, stop.clone());
    tracker.spawn(app.revocations.clone().follow(opened.log.clone(), opened.recalled_up_to, stop.clone()));
    tracker.spawn(opened.vault.clone().sweep_until(stop.clone()));
    let schedule = Arc::new(Schedule { projections: app.projections.clone(), log: app.log.clone() });
    let log = opened.log.clone();
    tracker.spawn(destructions::follow(log, opened.vault.clone(), opened.destroyed_up_to, stop.clone()));
    let erasures = Arc::new(Erasures { projections: app.projections.clone(), clock: app.clock.clone() });
    app.tracker.spawn(erasure::run(app.executor.clone(), erasures, app.stop.clone()));
    let purges = Arc::new(Purges { projections: app.projections.clone() });
    app.tracker.spawn(purge::run(app.executor.clone(), purges, app.stop.clone()));
    app.tracker.spawn(expiry::run(app.executor.clone(), schedule, app.stop.clone()));
}

async fn tidy(recorder: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(UPKEEP_EVERY)).await.is_some() {
        recorder.run_upkeep();
    }
}

async fn catch_up(app: &App) {
    let head = app.log.head();
    let projections = async {
        for name in projection::ALL {
            if let Err(behind) = app.projections.wait(name, head, CATCH_UP_LIMIT).await {
                tracing::warn!(projection = name, position = behind.position.0, head = head.0, "starts behind");
            }
        }
    };
    let search = async {
        if let Err(behind) = app.search.wait(head, CATCH_UP_LIMIT).await {
            tracing::warn!(position = behind.position.0, head = head.0, "the search index starts behind");
        }
    };
    let waiting = async { tokio::join!(projections, search) };
    if tokio::time::timeout(CATCH_UP_LIMIT, waiting).await.is_err() {
        tracing::warn!("starts while projections are behind");
    }
}

impl Running {
    /// What its handlers use.
    pub fn app(&self) -> &Arc<App> {
        &self.opened.app
    }

    /// Follows the end of the log; it tells when the log has failed.
    pub fn log_head(&self) -> watch::Receiver<Head> {
        self.opened.log.raw().follow()
    }

    /// Stops: accepts nothing more, tells sockets to come back later, finishes what was begun, stores what was merged,
    /// lets projections end with what they have, closes the log.
    ///
    /// # Errors
    /// When a socket or a request did not end in time. Everything is closed nevertheless.
    pub async fn stop(self) -> anyhow::Result<()> {
        let Self { opened, reading, background, admin, server, .. } = self;
        server.stop_accepting();
        let sockets_closed = tokio::time::timeout(CLOSE_LIMIT, opened.app.live.close()).await.is_ok();
        let requests_ended = server.finish(CLOSE_LIMIT).await;
        admin.end().await;
        opened.deciding.end().await;
        reading.end().await;
        opened.close().await;
        // Only now: connections to a database that were opened there cannot end without it.
        drop(background);
        if !sockets_closed || !requests_ended {
            bail!("some connections did not end in time");
        }
        Ok(())
    }
}
