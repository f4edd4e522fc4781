//! From a filled copy to the one that is served: made durable, compared, caught up, switched.

use crate::database::analytics;
use crate::database::open::Purpose;
use crate::database::url::DatabaseUrl;
use crate::projection::MESSAGE_COUNTS;
use crate::projections::{Opened, Projections};
use crate::rebuild::fill::Filling;
use crate::rebuild::{Comparison, RebuildFault, Rebuilt};
use crate::run::checkpoint;
use crate::serving::OpenCopy;
use crate::state_hash::{hash_of, snapshot, state_hash};
use crate::wait::{State, Status};
use domain::ids::Position;
use domain::source::EventSource;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// How long a comparison waits for the served copy to come as far as the new one.
const COMPARE_PATIENCE: Duration = Duration::from_secs(30);
/// The served copy is held for the rest only when it is no more than so many events ahead: milliseconds.
const HELD_MAX_EVENTS: u64 = 2_000;
/// How often the new copy catches up before the served one is held whatever is left.
const ROUNDS_MAX: usize = 20;

/// From the catalogue's commit on until the copy is served: if that is broken off, or the answer is lost, nobody knows here
/// which copy is live, and the catalogue is asked.
struct Doubt<'a>(&'a Notify);

impl Drop for Doubt<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

impl Projections {
    /// Compares and switches. The copy is closed again unless it is served afterwards.
    pub(crate) async fn finish(
        &self,
        opened: &Opened,
        filling: Filling,
        source: &dyn EventSource,
        is_forced: bool,
    ) -> Result<Rebuilt, RebuildFault> {
        let name = opened.lane.name;
        filling.database.close().await;
        self.inner.copies.harden(filling.id).await?;
        let mut filling = self.open_filling(opened, filling.id, Purpose::Serving).await?;
        let comparison = self.compare(opened, &mut filling, source).await?;
        let is_switched = match &comparison {
            Comparison::Equal(_) | Comparison::Impossible(_) => true,
            Comparison::Differs(position) => {
                tracing::error!(projection = name, position = position.0, "the rebuilt rows differ from those served");
                is_forced
            }
        };
        let position = if is_switched {
            self.switch(opened, filling, source).await?
        } else {
            filling.database.close().await;
            filling.at
        };
        Ok(Rebuilt { name, position, comparison, is_switched })
    }

    async fn compare(
        &self,
        opened: &Opened,
        filling: &mut Filling,
        source: &dyn EventSource,
    ) -> Result<Comparison, RebuildFault> {
        let (lane, copy) = (&opened.lane, opened.lane.serving.now());
        match lane.progress.status().state {
            State::Running | State::Retrying(_) if copy.is_readable => {}
            State::Running | State::Retrying(_) | State::Building => {
                return Ok(Comparison::Impossible("nothing was served".into()));
            }
            State::Stopped(reason) => return Ok(Comparison::Impossible(format!("it had stopped: {reason}"))),
        }
        let behind = |position: Position| Comparison::Impossible(format!("it is at position {position} only"));
        if let Err(late) = lane.progress.wait(&lane.serving, filling.at, COMPARE_PATIENCE).await {
            return Ok(behind(late.position));
        }
        let (served, position) = snapshot(&copy.database).await?;
        if position < filling.at {
            return Ok(behind(position));
        }
        let served = async { Ok(hash_of(served, opened.tables).await?) };
        let rebuilt = async {
            filling.catch_up(source, position, self.inner.options.fill_events).await?;
            Ok::<_, RebuildFault>(state_hash(&filling.database, opened.tables).await?)
        };
        let (served, rebuilt) = futures_util::future::try_join(served, rebuilt).await?;
        Ok(if served == rebuilt { Comparison::Equal(position) } else { Comparison::Differs(position) })
    }

    /// Gives the position of the new copy at the switch.
    async fn switch(
        &self,
        opened: &Opened,
        mut filling: Filling,
        source: &dyn EventSource,
    ) -> Result<Position, RebuildFault> {
        let (lane, chunk) = (&opened.lane, self.inner.options.fill_events);
        for _ in 0..ROUNDS_MAX {
            let head = source.head();
            if head.0.saturating_sub(filling.at.0) <= HELD_MAX_EVENTS {
                break;
            }
            filling.catch_up(source, head, chunk).await?;
        }
        let held = lane.serving.hold().await;
        let served = lane.serving.now();
        if served.is_readable {
            let kept = match (checkpoint(&served.database, lane.name).await, lane.progress.status()) {
                (Ok(kept), _) => kept.map(|(position, _)| position),
                // Perhaps that is why it stopped; how far it had come is known.
                (Err(_), Status { state: State::Stopped(_), position, .. }) => Some(position),
                (Err(fault), _) => return Err(fault.into()),
            };
            // Beyond the log's end only when that lost events: then there is nothing to catch up with.
            let to = kept.map_or(filling.at, |position| position.min(source.head()));
            filling.catch_up(source, to, chunk).await?;
        }
        let doubt = Doubt(&self.inner.in_doubt);
        if !self.inner.copies.switch(served.id, filling.id).await? {
            filling.database.close().await;
            return Err(RebuildFault::Overtaken(lane.name));
        }
        if let (MESSAGE_COUNTS, DatabaseUrl::Postgres { schema_prefix, .. }) = (lane.name, &self.inner.url) {
            // The copy is live, whatever analysts are shown: the next start shows it to them.
            if let Err(cause) = analytics::show(&filling.database, schema_prefix).await {
                tracing::error!(%cause, "analysts are still shown the copy before");
            }
        }
        let position = filling.at;
        self.serve(opened, OpenCopy { id: filling.id, database: filling.database, is_readable: true }, position);
        // Nothing can break it off any more, and what was made live is what is served.
        std::mem::forget(doubt);
        drop(held);
        tracing::info!(projection = lane.name, position = position.0, copy = filling.id.number, "another copy is live");
        Ok(position)
    }

    /// Serves a copy that is live. Whoever calls holds the serving.
    pub(crate) fn serve(&self, opened: &Opened, copy: OpenCopy, position: Position) {
        let old = opened.lane.serving.replace(copy);
        opened.lane.progress.switched(position);
        self.inner.retired.lock().push((Instant::now(), old));
        self.inner.switches.send_modify(|switches| *switches += 1);
    }
}
