//! Builds an index again, beside the one that is served.

use super::apply::{Applier, ApplyFault, in_background};
use super::index::{Checkpoint, Index};
use super::local::{Inner, NAME};
use super::port::SearchFault;
use crate::rebuild::{Comparison, Progressed, RebuildFault, Rebuilt};
use domain::ids::Position;
use domain::source::{Direction, EventSource, Filter};
use std::sync::Arc;
use tokio::sync::watch;

/// Events that are read at once.
const READ_AT_ONCE_EVENTS: usize = 4_096;
/// Changes of one commit.
const COMMIT_CHANGES: usize = 200_000;

/// Released when the rebuild ends, however it does.
struct Claim<'a>(&'a Inner);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Fills, purges, switches.
pub(super) async fn rebuild(
    inner: &Arc<Inner>,
    source: Arc<dyn EventSource>,
    progress: &watch::Sender<Progressed>,
) -> Result<Rebuilt, RebuildFault> {
    if !inner.claim() {
        return Err(RebuildFault::Busy(NAME));
    }
    let _claim = Claim(inner);
    let (number, directory) = inner.next();
    let new = in_background(move || Index::open(&directory)).await?.0;
    new.keep(false);
    let index = Arc::new(new);
    let mut applier = Applier::new(index.clone(), source, inner.words.clone());
    let position = fill(inner, &mut applier, progress).await?;
    let purged = index.clone();
    in_background(move || purged.purge()).await?;
    inner.switch(index, number, position)?;
    progress.send_modify(|progress| progress.done_events = progress.total_events);
    tracing::info!(position = position.0, number, "another search index is served");
    let comparison = Comparison::Impossible("an index has no rows to compare".into());
    Ok(Rebuilt { name: NAME, position, comparison, is_switched: true })
}

/// Takes everything over up to the end of the log; gives that position.
async fn fill(
    inner: &Inner,
    applier: &mut Applier,
    progress: &watch::Sender<Progressed>,
) -> Result<Position, RebuildFault> {
    let (mut at, mut pending) = (Position::START, 0);
    loop {
        let slice = applier.source.read_all(at, Direction::Forward, READ_AT_ONCE_EVENTS, &Filter::default()).await?;
        let is_last = slice.at_end || slice.next <= at;
        at = slice.next.max(at);
        pending += applier.apply(&slice.events).await.map_err(fault)?.changes;
        let total_events = applier.source.head().0;
        progress.send_replace(Progressed { done_events: at.0.min(total_events), total_events });
        if pending >= COMMIT_CHANGES || is_last {
            let (index, checkpoint) = (applier.index.clone(), Checkpoint { log: inner.log_id, position: at });
            in_background(move || index.commit(checkpoint)).await?;
            pending = 0;
        }
        if is_last {
            return Ok(at);
        }
    }
}

fn fault(fault: ApplyFault) -> RebuildFault {
    match fault {
        ApplyFault::Source(fault) => RebuildFault::Source(fault),
        ApplyFault::Words(fault) => RebuildFault::Search(Box::new(fault)),
        ApplyFault::Index(fault) => RebuildFault::Search(Box::new(fault)),
    }
}

impl From<SearchFault> for RebuildFault {
    fn from(fault: SearchFault) -> Self {
        RebuildFault::Search(Box::new(fault))
    }
}
