//! Building a projection from the start of the log again, beside the copy that is served.
//!
//! 1. A new copy is announced and **filled** in large steps. All that are rebuilt at once share one reader of the log.
//! 2. What was filled is made durable.
//! 3. The hash of its rows is **compared** with that of the served copy at the same position: the served one is hashed in
//!    a snapshot, whose position the new copy is brought to, exactly. Neither queries nor events wait for it.
//! 4. The new copy catches up with the served one while that applies nothing for a moment, and **one commit** in the
//!    catalogue makes it live. Queries that began ask the old one to their end; it is removed after a while.
//!
//! A crash finds either copy live, never none; a copy that was being filled is thrown away at the next start. Two processes
//! never rebuild the same projection at the same time. All processes follow the switch.

pub mod fill;
pub mod follow;
pub mod switch;
#[cfg(test)]
pub(crate) mod tests;

use crate::copies::{Claim, CopyId, Entry, Standing};
use crate::database::open::{OpenFault, Purpose, Wanted, open};
use crate::database::row::DatabaseFault;
use crate::projection::ApplyFault;
use crate::projections::{Inner, Opened, Projections, find_checkpoint};
use crate::rebuild::fill::Filling;
use domain::ids::Position;
use domain::source::{EventSource, SourceFault};
use futures_util::future::join_all;
use std::sync::Arc;
use tokio::sync::watch;

/// How far a rebuild has come: events, each counted once for each projection that takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progressed {
    /// Applied so far.
    pub done_events: u64,
    /// To be applied, as far as is known.
    pub total_events: u64,
}

/// What came of comparing the rebuilt rows with the served ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The rows are the same at this position.
    Equal(Position),
    /// They are not: one of them is wrong. The served copy stays, unless the switch was forced.
    Differs(Position),
    /// There was nothing to compare with, and why.
    Impossible(String),
}

/// What came of rebuilding one projection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// Which.
    pub name: &'static str,
    /// Where the new copy stood at the switch, or when it was given up.
    pub position: Position,
    /// The comparison.
    pub comparison: Comparison,
    /// Whether the new copy is served now.
    pub is_switched: bool,
}

/// Why a projection could not be rebuilt. What was served before is served still.
#[derive(Debug, thiserror::Error)]
pub enum RebuildFault {
    /// There is no projection of this name.
    #[error("there is no projection {0}")]
    Unknown(String),
    /// Somebody rebuilds it already, perhaps another process.
    #[error("the projection {0} is being rebuilt already")]
    Busy(&'static str),
    /// The new copy cannot be made.
    #[error("the new copy cannot be made")]
    Open(#[from] OpenFault),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseFault),
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Source(#[from] SourceFault),
    /// An event cannot be applied.
    #[error("the projection {0} cannot be built")]
    Apply(&'static str, #[source] ApplyFault),
    /// The log ends before a position that was applied already.
    #[error("the log ends before position {0}")]
    LogEnds(Position),
    /// Another process has switched to a copy of its own meanwhile.
    #[error("another process has rebuilt the projection {0} meanwhile")]
    Overtaken(&'static str),
    /// The search index cannot be built.
    #[error("the search index cannot be built")]
    Search(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A part of the work ended without a result.
    #[error("the rebuild was broken off")]
    BrokenOff,
}

/// Keeps others from rebuilding the same projection.
struct Claimed {
    inner: Arc<Inner>,
    name: &'static str,
    _claim: Option<Claim>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.inner.rebuilding.lock().remove(self.name);
    }
}

impl Projections {
    /// Builds projections again and serves the new copies. With `is_forced` also one whose rows differ from those served.
    /// `progress` is told how far it is. Dropped before its end, it changes nothing; what it leaves is removed later.
    ///
    /// # Errors
    /// When one cannot be rebuilt; those that were switched before it stay so.
    pub async fn rebuild(
        &self,
        names: &[&str],
        source: Arc<dyn EventSource>,
        is_forced: bool,
        progress: &watch::Sender<Progressed>,
    ) -> Result<Vec<Rebuilt>, RebuildFault> {
        let mut chosen = Vec::new();
        for name in names {
            chosen.push(self.named(name).ok_or_else(|| RebuildFault::Unknown((*name).to_owned()))?);
        }
        let mut claims = Vec::new();
        for opened in &chosen {
            claims.push(self.claim(opened.lane.name).await?);
        }
        let mut new = Vec::new();
        let rebuilt = self.rebuild_claimed(&chosen, source, is_forced, progress, &mut new).await;
        for copy in new {
            self.give_up(copy).await;
        }
        drop(claims);
        rebuilt
    }

    /// `new` takes the copies that are announced and gives those up again that are live.
    async fn rebuild_claimed(
        &self,
        chosen: &[&Opened],
        source: Arc<dyn EventSource>,
        is_forced: bool,
        progress: &watch::Sender<Progressed>,
        new: &mut Vec<CopyId>,
    ) -> Result<Vec<Rebuilt>, RebuildFault> {
        let mut fillings = Vec::new();
        for opened in chosen {
            let id = self.inner.copies.announce(opened.lane.name, opened.version).await?;
            new.push(id);
            fillings.push(self.open_filling(opened, id, Purpose::Filling).await?);
        }
        progress.send_replace(Progressed { done_events: 0, total_events: source.head().0 * chosen.len() as u64 });
        let filled = fill::fill(fillings, &*source, self.inner.options.fill_events, progress).await?;
        // Side by side: each waits for its own database most of the time. All come to their end, whatever comes of one.
        let finishing = filled.into_iter().map(|filling| async {
            let opened = self.named(filling.id.name).ok_or(RebuildFault::BrokenOff)?;
            self.finish(opened, filling, &*source, is_forced).await
        });
        let ended = join_all(finishing).await;
        let switched = ended.iter().flatten().filter(|rebuilt| rebuilt.is_switched);
        let switched: Vec<_> = switched.map(|rebuilt| rebuilt.name).collect();
        new.retain(|copy| !switched.contains(&copy.name));
        let all = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
        progress.send_modify(|progress| progress.done_events = progress.total_events);
        Ok(all)
    }

    async fn claim(&self, name: &'static str) -> Result<Claimed, RebuildFault> {
        if !self.inner.rebuilding.lock().insert(name) {
            return Err(RebuildFault::Busy(name));
        }
        let mut claimed = Claimed { inner: self.inner.clone(), name, _claim: None };
        let claim = self.inner.copies.claim(name).await?;
        claimed._claim = Some(claim.ok_or(RebuildFault::Busy(name))?);
        Ok(claimed)
    }

    pub(crate) async fn open_filling(
        &self,
        opened: &Opened,
        id: CopyId,
        purpose: Purpose,
    ) -> Result<Filling, RebuildFault> {
        let wanted = Wanted::copy(id, opened.changes, self.inner.options.read_connections, purpose);
        let database = open(&self.inner.url, &wanted).await?;
        let (at, _) = find_checkpoint(&database, id, self.inner.log_id).await?;
        Ok(Filling { id, database, apply: opened.lane.apply, at })
    }

    async fn give_up(&self, copy: CopyId) {
        let entry = Entry {
            name: copy.name.to_owned(),
            version: i64::from(copy.version),
            number: copy.number,
            standing: Standing::Building,
        };
        if let Err(error) = self.inner.copies.remove(&entry).await {
            // It is known and removed later.
            tracing::warn!(projection = copy.name, %error, "a copy that is not needed could not be removed yet");
        }
    }
}
