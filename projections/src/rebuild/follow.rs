//! What goes on beside rebuilds: following the switches of other processes, building what has nothing yet, removing what
//! nobody asks any more.

use crate::copies::{Entry, Standing};
use crate::database::open::Purpose;
use crate::database::row::DatabaseFault;
use crate::projections::{Opened, Projections};
use crate::rebuild::{Progressed, RebuildFault};
use crate::run::checkpoint;
use crate::run::fault::in_full;
use crate::serving::OpenCopy;
use crate::wait::State;
use domain::ids::Position;
use domain::source::EventSource;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How often copies are looked for that nobody asks any more.
const TIDY_EVERY: Duration = Duration::from_secs(10);
/// How long to wait before asking again whether another process has built what is missing here.
const BUSY_AGAIN: Duration = Duration::from_secs(1);

impl Projections {
    /// Stops projections that know of more than the log has: it lost events, and what rests on them is wrong.
    pub(crate) fn stop_beyond(&self, head: Position) {
        for opened in &self.inner.lanes {
            let position = opened.lane.progress.position();
            if position > head && opened.lane.serving.now().is_readable {
                let reason = format!("needs rebuild: it knows of position {position}, and the log ends at {head}");
                tracing::error!(projection = opened.lane.name, "{reason}");
                opened.lane.stop(reason);
                self.serve_nothing(opened);
            }
        }
    }

    /// Chooses what is built beside: what has nothing yet, when the log is long.
    pub(crate) fn build_beside(&self, head: Position) -> Vec<&'static str> {
        let mut unbuilt = Vec::new();
        for opened in &self.inner.lanes {
            let lane = &opened.lane;
            let is_empty = lane.serving.now().is_readable && lane.progress.position() == Position::START;
            if is_empty && head.0 >= self.inner.options.build_beside_events.max(1) {
                self.serve_nothing(opened);
                lane.progress.set(State::Building);
                unbuilt.push(lane.name);
            }
        }
        unbuilt
    }

    fn serve_nothing(&self, opened: &Opened) {
        let copy = opened.lane.serving.now();
        opened.lane.serving.replace(OpenCopy { is_readable: false, ..(*copy).clone() });
    }

    /// Builds what has nothing yet. Where another process does so already, waits for it.
    pub(crate) async fn build_first(
        self,
        names: Vec<&'static str>,
        source: Arc<dyn EventSource>,
        stop: CancellationToken,
    ) {
        tracing::info!(projections = ?names, events = source.head().0, "building projections from the start of the log");
        let built = stop.run_until_cancelled(self.build_all(&names, source)).await;
        let Some(Err(fault)) = built else { return };
        tracing::error!(error = %in_full(&fault), "projections could not be built beside; they catch up instead");
        for opened in names.iter().filter_map(|name| self.named(name)) {
            if opened.lane.progress.status().state == State::Building {
                let copy = opened.lane.serving.now();
                opened.lane.serving.replace(OpenCopy { is_readable: true, ..(*copy).clone() });
                opened.lane.progress.set(State::Running);
            }
        }
        self.inner.switches.send_modify(|switches| *switches += 1);
    }

    async fn build_all(&self, names: &[&'static str], source: Arc<dyn EventSource>) -> Result<(), RebuildFault> {
        let progress = watch::Sender::new(Progressed::default());
        loop {
            let is_building = |name: &&&'static str| {
                self.named(name).is_some_and(|opened| opened.lane.progress.status().state == State::Building)
            };
            let left: Vec<&str> = names.iter().filter(is_building).copied().collect();
            if left.is_empty() {
                return Ok(());
            }
            match self.rebuild(&left, source.clone(), true, &progress).await {
                Err(RebuildFault::Busy(_) | RebuildFault::Overtaken(_)) => tokio::time::sleep(BUSY_AGAIN).await,
                built => return built.map(drop),
            }
        }
    }

    /// Serves the copies that are live, where another process has switched, or a switch of this one was broken off.
    pub(crate) async fn adopt(&self) {
        for opened in &self.inner.lanes {
            if let Err(fault) = self.adopt_one(opened).await {
                let (projection, error) = (opened.lane.name, in_full(&fault));
                tracing::warn!(projection, %error, "the live copy could not be looked up; trying again");
            }
        }
    }

    async fn adopt_one(&self, opened: &Opened) -> Result<(), RebuildFault> {
        let _held = opened.lane.serving.hold().await;
        let live = self.inner.copies.live(opened.lane.name, opened.version).await?;
        if live == opened.lane.serving.now().id {
            return Ok(());
        }
        let copy = self.open_filling(opened, live, Purpose::Serving).await?;
        let of_log = checkpoint(&copy.database, live.name).await?.map(|(_, of_log)| of_log);
        if of_log != Some(self.inner.log_id.uuid()) {
            copy.database.close().await;
            return Ok(());
        }
        tracing::info!(projection = opened.lane.name, copy = live.number, "another copy was made live elsewhere");
        self.serve(opened, OpenCopy { id: live, database: copy.database, is_readable: true }, copy.at);
        Ok(())
    }

    /// Removes what nobody asks any more, until stopped.
    pub(crate) async fn keep_tidy(self, stop: CancellationToken) {
        let pause = TIDY_EVERY.min(self.inner.options.retire_after);
        loop {
            self.close_retired().await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(error = %in_full(&error), "old copies of projections could not be removed; trying again");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.inner.in_doubt.notified() => self.adopt().await,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn close_retired(&self) {
        let after = self.inner.options.retire_after;
        let due: Vec<Arc<OpenCopy>> = {
            let mut retired = self.inner.retired.lock();
            let (due, kept) = retired.drain(..).partition(|(since, _)| since.elapsed() >= after);
            *retired = kept;
            due.into_iter().map(|(_, copy)| copy).collect()
        };
        for copy in due {
            copy.database.close().await;
        }
    }

    async fn sweep(&self) -> Result<(), DatabaseFault> {
        for entry in self.inner.copies.all().await? {
            // Whoever removes holds the claim: nobody fills or switches this projection meanwhile.
            if self.is_asked_here(&entry) || self.inner.rebuilding.lock().contains(entry.name.as_str()) {
                continue;
            }
            let Some(_claim) = self.inner.copies.claim(&entry.name).await? else { continue };
            if self.is_needless(&entry).await? {
                self.inner.copies.remove(&entry).await?;
                tracing::info!(projection = entry.name, copy = entry.label(), "removed a copy that nobody asks");
            }
        }
        Ok(())
    }

    fn is_asked_here(&self, entry: &Entry) -> bool {
        let is = |copy: &OpenCopy| copy.id.label() == entry.label();
        self.inner.lanes.iter().any(|opened| is(&opened.lane.serving.now()))
            || self.inner.retired.lock().iter().any(|(_, copy)| is(copy))
    }

    async fn is_needless(&self, entry: &Entry) -> Result<bool, DatabaseFault> {
        let known = self.inner.copies.all().await?;
        // Since it was looked at, it may have become something else.
        if !known.contains(entry) {
            return Ok(false);
        }
        match entry.standing {
            // Its builder would have the claim.
            Standing::Building => Ok(true),
            Standing::Retired => Ok(!self.inner.copies.is_in_use(entry).await?),
            // Of an older version: once the newer one is complete and no process asks the older one.
            Standing::Live => {
                let is_replaced = self.named(&entry.name).is_some_and(|opened| {
                    let is_complete = opened.lane.progress.status().state == State::Running
                        && opened.lane.progress.position() > Position::START;
                    entry.version < i64::from(opened.version) && is_complete
                });
                Ok(is_replaced && !self.inner.copies.is_in_use(entry).await?)
            }
        }
    }
}
