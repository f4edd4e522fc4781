//! Opens everything, in its order: secrets, keys, log, read models. Nothing runs yet.

use crate::app::jobs::Jobs;
use crate::app::{App, destructions};
use crate::auth::password::Passwords;
use crate::auth::rates::Rates;
use crate::auth::revocations::Revocations;
use crate::auth::role::Roles;
use crate::auth::sign_in_limit::SignInLimit;
use crate::auth::token::Tokens;
use crate::auth::token_keys::TokenKeys;
use crate::config::Config;
use crate::live::router::Live;
use crate::secrets;
use crate::traces::Traces;
use anyhow::{Context, bail};
use commands::conversation::read_marks::ReadMarks;
use commands::execute::Executor;
use commands::log::EventLog;
use domain::clock::Clock;
use domain::ids::{Hash16, Position};
use domain::source::EventSource;
use futures_util::FutureExt;
use http::HeaderValue;
use projections::projections::Projections;
use projections::search::local::LocalSearch;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::embedded::disk::RealDisk;
use store::embedded::fault::OpenFault;
use store::embedded::log::EmbeddedLog;
use store::embedded::{header, options};
use store::nats::connection::Nats;
use store::nats::source::NatsSource;
use store::seal::keys::KeyStore;
use store::seal::keys::postgres::PostgresKeys;
use store::seal::keys::sqlite::SqliteKeys;
use store::seal::vault::{Beside, Vault};
use store::seal::wrapping::KeyEncryptionKey;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Everything that is open.
pub struct Opened {
    /// What handlers need.
    pub app: Arc<App>,
    /// The log itself, to close it.
    pub log: Arc<EmbeddedLog>,
    /// The keys, to sweep them.
    pub vault: Arc<Vault>,
    /// Where projections and the feed read: the log, or NATS before it.
    pub source: Arc<dyn EventSource>,
    /// Tasks that decide and append.
    pub deciding: Tasks,
    /// Up to where destructions of keys were applied.
    pub destroyed_up_to: Position,
    /// Up to where sessions that are over were recalled.
    pub recalled_up_to: Position,
}

impl Opened {
    /// Closes what was opened, after every task has ended.
    pub async fn close(self) {
        self.deciding.end().await;
        self.app.projections.close().await;
        self.app.search.close().await;
        self.log.close().await;
        self.vault.close().await;
        self.app.traces.close().await;
    }
}

/// Tasks that are stopped and waited for together.
#[derive(Clone, Default)]
pub struct Tasks {
    /// Waits for them.
    pub tracker: TaskTracker,
    /// Stops them.
    pub stop: CancellationToken,
}

impl Tasks {
    /// Stops them and waits until they have ended.
    pub async fn end(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// Opens the data directory, making it at the first start.
///
/// # Errors
/// When something cannot be opened, with what it is.
pub async fn open(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Opened> {
    secrets::private_directory(&config.data)?;
    let vault = open_vault(&config, &clock).inspect(took("keys")).await?;
    let opened = took("log");
    let log = Arc::new(open_log(&config, &clock, &vault)?);
    opened(&log);
    let nats = match config.transport.nats() {
        Some(url) => Some(Nats::connect(&nats_options(url), log.log_id()).await.context("transport.url")?),
        None => None,
    };
    let source: Arc<dyn EventSource> = match &nats {
        Some(nats) => Arc::new(NatsSource::new(log.clone(), nats.clone())),
        None => log.clone(),
    };
    let (deciding, recalled_up_to) = (Tasks::default(), EventSource::head(&*log));
    let revocations = Revocations::new(clock.clone(), config.auth.access_token_seconds);
    let destroyed =
        async { destructions::apply(&*log, &vault).await.context("destroyed keys could not be destroyed again") };
    let recalled = async { revocations.recall(&*log, recalled_up_to).await.context("the sessions that are over") };
    let composed = compose(config, clock, &log, &vault, nats, &deciding, &revocations);
    let (destroyed, recalled) = (destroyed.inspect(took("destroyed keys")), recalled.inspect(took("ended sessions")));
    let (destroyed_up_to, (), app) = tokio::try_join!(destroyed, recalled, composed)?;
    Ok(Opened { app: Arc::new(app), log, vault, source, deciding, destroyed_up_to, recalled_up_to })
}

/// Tells how long a part of a start took, from this call on. Some go on at the same time, so the times do not add up.
pub fn took<T>(part: &'static str) -> impl FnOnce(&T) {
    let began = Instant::now();
    move |_| tracing::debug!(part, took_ms = began.elapsed().as_millis() as u64, "a part of the start has ended")
}

async fn compose(
    config: Config,
    clock: Arc<dyn Clock>,
    log: &Arc<EmbeddedLog>,
    vault: &Arc<Vault>,
    nats: Option<Nats>,
    deciding: &Tasks,
    revocations: &Arc<Revocations>,
) -> anyhow::Result<App> {
    let event_log: Arc<dyn EventLog> = log.clone();
    let executor = Executor::new(event_log.clone(), vault.clone(), clock.clone(), deciding.tracker.clone());
    let url = config.database.url(&config.data).map_err(anyhow::Error::msg)?;
    let traces = Traces::open(&config.telemetry, clock.clone()).await?;
    let options = projection_options(&config, &traces);
    let projections = async {
        let opened = Projections::open_with(&url, log.log_id(), vault.clone(), options).await;
        opened.context("the read models could not be opened")
    };
    let (root, log_id, head, words) = (config.search_directory(), log.log_id(), event_log.head(), vault.clone());
    let search = tokio::task::spawn_blocking(move || LocalSearch::open(&root, log_id, head, words));
    let search = async { search.await?.context("the search index could not be opened") };
    let (projections, search) =
        tokio::try_join!(projections.inspect(took("read models")), search.inspect(took("search")))?;
    let token_keys = TokenKeys::read_or_make(&config.auth.token_key_file(&config.data))?;
    Ok(App {
        read_marks: ReadMarks::new(executor.clone(), &deciding.tracker, deciding.stop.clone()),
        tokens: Tokens::new(&token_keys, config.auth.access_token_seconds),
        revocations: revocations.clone(),
        roles: Roles::new(executor.clone()),
        passwords: Passwords::new(&config.auth)?,
        sign_ins: SignInLimit::default(),
        rates: Rates::new(&config.limits),
        // Feeds follow the log itself, which is in this process: one consumer of NATS is enough, for the projections.
        live: Live::new(
            log.clone(),
            vault.clone(),
            executor.clone(),
            projections.clone(),
            clock.clone(),
            traces.clone(),
            config.limits.resume_frames,
        ),
        traces,
        log_id: log.log_id(),
        log_header: HeaderValue::from_str(&log.log_id().to_string())?,
        log: event_log,
        jobs: Jobs::default(),
        vault: vault.clone(),
        words: vault.clone(),
        executor,
        projections,
        search,
        nats,
        clock,
        config,
        tracker: deciding.tracker.clone(),
        stop: deciding.stop.clone(),
    })
}

async fn open_vault(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<Vault>> {
    let header = header::read(&RealDisk, &config.log.directory(&config.data)).context("the log")?;
    let beside = header.map_or(Beside::NewLog, |header| Beside::Log(Hash16(header.key_check)));
    let url = config.keys.url(&config.data);
    let key_file = config.keys.encryption_key_file(&config.data);
    // A fresh key would never fit keys that are there; say which file is missing instead.
    let has_keys = header.is_some() || url.strip_prefix("sqlite:").is_some_and(|file| Path::new(file).exists());
    let key = if has_keys { secrets::read(&key_file)? } else { secrets::read_or_make(&key_file)? };
    let store = open_keys(&url).await.context("the keys store could not be opened")?;
    Vault::open(store, KeyEncryptionKey::new(*key.bytes()), clock.clone(), beside).await.context("the keys store")
}

/// Opens a keys store.
///
/// # Errors
/// When it does not answer or is none.
pub async fn open_keys(url: &str) -> anyhow::Result<Arc<dyn KeyStore>> {
    let Some(file) = url.strip_prefix("sqlite:") else { return Ok(Arc::new(PostgresKeys::open(url).await?)) };
    let file = Path::new(file.strip_prefix("//").unwrap_or(file));
    if let Some(directory) = file.parent() {
        secrets::private_directory(directory)?;
    }
    Ok(Arc::new(SqliteKeys::open(file).await?))
}

fn open_log(config: &Config, clock: &Arc<dyn Clock>, vault: &Arc<Vault>) -> anyhow::Result<EmbeddedLog> {
    let directory = config.log.directory(&config.data);
    match EmbeddedLog::open(&directory, log_options(clock, vault.check_value()), vault.clone()) {
        Ok(log) => Ok(log),
        Err(OpenFault::Locked) => {
            bail!("{} is in use by another process, such as a running server: stop that first", config.data.display())
        }
        Err(fault) => Err(fault).with_context(|| format!("the log in {} could not be opened", directory.display())),
    }
}

fn log_options(clock: &Arc<dyn Clock>, check: Hash16) -> options::Options {
    #[cfg_attr(not(feature = "mutants"), expect(unused_mut, reason = "only a mutant changes it"))]
    let mut options = options::Options::new(clock.clone(), check.0);
    #[cfg(feature = "mutants")]
    {
        options.mutant = match mutant().as_deref() {
            Some("no_sync") => Some(options::Mutant::NoSync),
            Some("early_acknowledgement") => Some(options::Mutant::EarlyAck),
            _ => None,
        };
    }
    options
}

fn projection_options(config: &Config, traces: &Traces) -> projections::projections::Options {
    projections::projections::Options {
        read_connections: config.database.read_connections,
        observer: Some(Arc::new(traces.clone())),
        #[cfg(feature = "mutants")]
        mutant: (mutant().as_deref() == Some("checkpoint_outside_transaction"))
            .then_some(projections::projection::Mutant::CheckpointOutsideTransaction),
        ..projections::projections::Options::default()
    }
}

fn nats_options(url: &str) -> store::nats::connection::Options {
    #[cfg_attr(not(feature = "mutants"), expect(unused_mut, reason = "only a mutant changes it"))]
    let mut options = store::nats::connection::Options::new(url);
    #[cfg(feature = "mutants")]
    {
        options.ignore_gaps = mutant().as_deref() == Some("relay_without_gap_check");
    }
    options
}

/// The fault that a crash test asks for.
#[cfg(feature = "mutants")]
fn mutant() -> Option<String> {
    figment::providers::Env::var("TIDINGS_MUTANT")
}
