//! The index of this process: `DATA/search/v<version>_<number>`, of which the file `current` names the one that is served.
//!
//! A rebuilt index is another directory; one rename of `current` makes it the served one. What else stands there is of
//! a rebuild that was broken off or of another version, and is removed at the next start.

use super::apply::in_background;
use super::ask;
use super::fill;
use super::index::{Checkpoint, Index};
use super::port::{Found, Question, Search, SearchFault};
use super::run;
use super::schema::VERSION;
use crate::projection;
use crate::rebuild::{Progressed, RebuildFault, Rebuilt};
use crate::run::fault::in_full;
use crate::run::stops;
use crate::wait::{Behind, State, Status};
use domain::ids::{LogId, Position};
use domain::source::{BoxFuture, EventSource};
use domain::words::Words;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// As it is called among the projections.
pub(super) const NAME: &str = projection::SEARCH;
/// Questions that are answered at the same time; more of them wait.
const ASKED_AT_ONCE: usize = 8;
/// How often segments are looked for that keep what was deleted: it leaves the disk within that time.
const PURGE_EVERY: Duration = Duration::from_secs(3_600);
/// After words were erased, so long: others that are erased then go along.
const PURGE_AFTER_ERASURE: Duration = Duration::from_secs(5);
/// The file that names the index that is served.
const CURRENT: &str = "current";

/// The index of this process. Cheap to clone.
#[derive(Clone)]
pub struct LocalSearch {
    inner: Arc<Inner>,
}

/// Where the index stands, and how it is doing.
#[derive(Clone, Debug)]
struct Progress {
    /// What happened up to here can be found.
    position: Position,
    state: State,
}

pub(super) struct Inner {
    root: PathBuf,
    pub(super) log_id: LogId,
    pub(super) words: Arc<dyn Words>,
    serving: Mutex<(Arc<Index>, u64)>,
    progress: watch::Sender<Progress>,
    /// The greatest position that somebody waits for.
    wanted: watch::Sender<Position>,
    /// Counts switches to another index.
    switches: watch::Sender<u64>,
    erased: Notify,
    asked: Semaphore,
    is_rebuilding: AtomicBool,
}

impl LocalSearch {
    /// Opens the index in `root`, or makes an empty one: where there is none, or one of another log, or one that knows
    /// of more than the log's `head`.
    ///
    /// # Errors
    /// When the directory cannot be read or written.
    pub fn open(root: &Path, log_id: LogId, head: Position, words: Arc<dyn Words>) -> Result<Self, SearchFault> {
        std::fs::create_dir_all(root)?;
        let number = current(root)?;
        remove_others(root, number)?;
        let (number, index, position) = open_or_begin(root, number, Checkpoint { log: log_id, position: head })?;
        let inner = Inner {
            root: root.to_owned(),
            log_id,
            words,
            serving: Mutex::new((Arc::new(index), number)),
            progress: watch::Sender::new(Progress { position, state: State::Running }),
            wanted: watch::Sender::new(Position::START),
            switches: watch::Sender::new(0),
            erased: Notify::new(),
            asked: Semaphore::new(ASKED_AT_ONCE),
            is_rebuilding: AtomicBool::new(false),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Spawns what follows the log, and what takes deleted words off the disk, `on` a runtime; both end with `stop`.
    pub fn run(&self, source: Arc<dyn EventSource>, on: &Handle, tracker: &TaskTracker, stop: CancellationToken) {
        // There from the start: an increase is seen only from a value before it.
        stops(NAME).increment(0);
        tracker.spawn_on(run::run(self.inner.clone(), source, stop.clone()), on);
        tracker.spawn_on(keep_purged(self.inner.clone(), stop), on);
    }

    /// Builds the index again from the start of the log, beside the one that is served, and serves it. Nothing that was
    /// deleted or erased is left on the disk afterwards.
    ///
    /// # Errors
    /// When the log cannot be read or the index not be written. What was served before is served still.
    pub async fn rebuild(
        &self,
        source: Arc<dyn EventSource>,
        progress: &watch::Sender<Progressed>,
    ) -> Result<Rebuilt, RebuildFault> {
        fill::rebuild(&self.inner, source, progress).await
    }

    /// Closes the index, after the tasks of [`LocalSearch::run`] have ended.
    pub async fn close(&self) {
        let (index, _) = self.inner.serving();
        if let Err(fault) = in_background(move || index.close()).await {
            tracing::warn!(error = %in_full(&fault), "the search index was not closed cleanly");
        }
    }

    /// Takes everything that was deleted or erased off the disk, at once.
    ///
    /// # Errors
    /// When the index cannot be written.
    pub async fn purge(&self) -> Result<usize, SearchFault> {
        self.inner.purge().await
    }
}

#[cfg(test)]
impl LocalSearch {
    /// In how many messages a term stands, those included that are deleted and not purged.
    pub(super) fn mentions(&self, term: &str) -> u64 {
        let (index, _) = self.inner.serving();
        index.searcher().doc_freq(&index.fields.of_text(term)).unwrap()
    }
}

impl Search for LocalSearch {
    fn find(&self, question: Question) -> BoxFuture<'_, Result<Found, SearchFault>> {
        Box::pin(async move {
            let began = Instant::now();
            let _turn = self.inner.asked.acquire().await.map_err(|_| SearchFault::BrokenOff)?;
            let (index, _) = self.inner.serving();
            let Progress { position, state } = self.inner.progress.borrow().clone();
            let mut found = in_background(move || ask::find(&index, position, &question)).await?;
            found.total_is_exact = !matches!(state, State::Building);
            metrics::histogram!("search_query_seconds").record(began.elapsed().as_secs_f64());
            Ok(found)
        })
    }

    fn wait(&self, position: Position, timeout: Duration) -> BoxFuture<'_, Result<Position, Behind>> {
        Box::pin(async move {
            let mut progress = self.inner.progress.subscribe();
            self.inner.wanted.send_if_modified(|wanted| {
                let is_further = position > *wanted;
                *wanted = position.max(*wanted);
                is_further
            });
            let is_done = |now: &Progress| now.position >= position || matches!(now.state, State::Stopped(_));
            // Late or not, what counts is how far it is.
            drop(tokio::time::timeout(timeout, progress.wait_for(is_done)).await);
            let now = self.inner.position();
            if now >= position { Ok(now) } else { Err(Behind { name: NAME.to_owned(), position: now }) }
        })
    }

    fn status(&self) -> Status {
        let Progress { position, state } = self.inner.progress.borrow().clone();
        Status { name: NAME, position, state }
    }
}

impl Inner {
    /// The index that is served, and up to where it has taken events over.
    pub(super) fn serving(&self) -> (Arc<Index>, Position) {
        let serving = self.serving.lock();
        (serving.0.clone(), self.position())
    }

    pub(super) fn position(&self) -> Position {
        self.progress.borrow().position
    }

    pub(super) fn switches(&self) -> watch::Receiver<u64> {
        self.switches.subscribe()
    }

    pub(super) fn wanted(&self) -> watch::Receiver<Position> {
        self.wanted.subscribe()
    }

    /// How the index is doing, if it is still the one that is served: then true.
    pub(super) fn tell(&self, index: &Arc<Index>, state: State, position: Option<Position>) -> bool {
        let serving = self.serving.lock();
        let is_served = Arc::ptr_eq(&serving.0, index);
        if is_served {
            self.progress.send_modify(|progress| {
                progress.position = position.unwrap_or(progress.position);
                progress.state = state;
            });
        }
        is_served
    }

    pub(super) fn purge_soon(&self) {
        self.erased.notify_one();
    }

    pub(super) async fn purge(&self) -> Result<usize, SearchFault> {
        let (index, _) = self.serving();
        in_background(move || index.purge()).await
    }

    /// Keeps others from rebuilding at the same time.
    pub(super) fn claim(&self) -> bool {
        !self.is_rebuilding.swap(true, Ordering::AcqRel)
    }

    pub(super) fn release(&self) {
        self.is_rebuilding.store(false, Ordering::Release);
    }

    /// The number and the directory of an index that is to be.
    pub(super) fn next(&self) -> (u64, PathBuf) {
        let number = self.serving.lock().1 + 1;
        (number, directory(&self.root, number))
    }

    /// Serves another index from now on. The one before goes when nobody has it open any more.
    pub(super) fn switch(&self, index: Arc<Index>, number: u64, position: Position) -> Result<(), SearchFault> {
        name_current(&self.root, number)?;
        index.keep(true);
        let mut serving = self.serving.lock();
        let (old, _) = std::mem::replace(&mut *serving, (index, number));
        old.keep(false);
        self.progress.send_replace(Progress { position, state: State::Running });
        drop(serving);
        self.switches.send_modify(|switches| *switches += 1);
        Ok(())
    }
}

async fn keep_purged(inner: Arc<Inner>, stop: CancellationToken) {
    loop {
        let next = async {
            tokio::select! {
                () = tokio::time::sleep(PURGE_EVERY) => {}
                () = inner.erased.notified() => tokio::time::sleep(PURGE_AFTER_ERASURE).await,
            }
        };
        if stop.run_until_cancelled(next).await.is_none() {
            return;
        }
        match inner.purge().await {
            Ok(0) => {}
            Ok(segments) => tracing::info!(segments, "what was deleted has left the search index's files"),
            Err(fault) => {
                let error = in_full(&fault);
                tracing::warn!(%error, "the search index could not be purged; it is tried again");
            }
        }
    }
}

pub(super) fn directory(root: &Path, number: u64) -> PathBuf {
    root.join(format!("v{VERSION}_{number}"))
}

/// The index that is served; the first one where none is named.
pub(super) fn current(root: &Path) -> Result<u64, SearchFault> {
    match std::fs::read_to_string(root.join(CURRENT)) {
        Ok(text) => {
            Ok(text.trim().strip_prefix(&format!("v{VERSION}_")).and_then(|text| text.parse().ok()).unwrap_or(0))
        }
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(fault) => Err(fault.into()),
    }
}

/// In one step, durably.
fn name_current(root: &Path, number: u64) -> Result<(), SearchFault> {
    let beside = root.join("current.new");
    std::fs::write(&beside, format!("v{VERSION}_{number}\n"))?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(&beside, root.join(CURRENT))?;
    std::fs::File::open(root)?.sync_all()?;
    Ok(())
}

/// Removes indexes of ours that are not the one of this number; leaves everything else alone.
fn remove_others(root: &Path, number: u64) -> Result<(), SearchFault> {
    let kept = directory(root, number);
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if path != kept && path.is_dir() && is_ours(&path) {
            std::fs::remove_dir_all(&path)?;
        }
    }
    Ok(())
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let numbers = name.strip_prefix('v').and_then(|rest| rest.split_once('_'));
    numbers.is_some_and(|(version, number)| version.parse::<u32>().is_ok() && number.parse::<u64>().is_ok())
}

/// Opens an index; begins anew where it cannot be opened, or is not of this log.
fn open_or_begin(root: &Path, number: u64, log: Checkpoint) -> Result<(u64, Index, Position), SearchFault> {
    let path = directory(root, number);
    let reason = match Index::open(&path) {
        Ok((index, None)) => return Ok((number, index, Position::START)),
        Ok((index, Some(at))) if at.log == log.log && at.position <= log.position => {
            return Ok((number, index, at.position));
        }
        Ok((_, Some(at))) => format!("it is of the log {} up to {}", at.log, at.position),
        Err(fault) => in_full(&fault),
    };
    tracing::warn!(%reason, "the search index is built again from the start of the log");
    std::fs::remove_dir_all(&path)?;
    let (index, _) = Index::open(&path)?;
    Ok((number, index, Position::START))
}
