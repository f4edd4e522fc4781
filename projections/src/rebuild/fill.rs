//! Filling new copies from the log: one reader, one writer for each copy, large transactions.

use crate::copies::CopyId;
use crate::database::Database;
use crate::projection::{ApplyFault, Step};
use crate::rebuild::{Progressed, RebuildFault};
use crate::run::Apply;
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::source::{Direction, EventSource, Filter};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

/// Chunks that wait for one copy.
const WAITING_CHUNKS: usize = 1;

/// A copy that is being filled, by its only writer.
pub(crate) struct Filling {
    pub(crate) id: CopyId,
    pub(crate) database: Database,
    pub(crate) apply: Apply,
    /// The last position that it has.
    pub(crate) at: Position,
}

/// Events, and how far the log was read with them: further than the last of them where some are no longer kept.
#[derive(Clone)]
struct Chunk {
    events: Arc<[Arc<Recorded>]>,
    to: Position,
}

impl Filling {
    async fn take(&mut self, events: &[Arc<Recorded>], to: Position) -> Result<(), RebuildFault> {
        if to <= self.at {
            return Ok(());
        }
        let moved = async {
            let mut step = Step::new(&self.database, self.id.name, self.at, to);
            if !events.is_empty() {
                (self.apply)(events, &mut step).await?;
            }
            step.finish().await
        };
        moved.await.map_err(|fault: ApplyFault| RebuildFault::Apply(self.id.name, fault))?;
        self.at = to;
        Ok(())
    }

    /// Goes on until exactly this position.
    pub(crate) async fn catch_up(
        &mut self,
        source: &dyn EventSource,
        to: Position,
        chunk_events: usize,
    ) -> Result<(), RebuildFault> {
        while self.at < to {
            let slice = source.read_all(self.at, Direction::Forward, chunk_events, &Filter::default()).await?;
            if slice.next <= self.at {
                return Err(RebuildFault::LogEnds(to));
            }
            let wanted = slice.events.partition_point(|event| event.position <= to);
            self.take(&slice.events[..wanted], slice.next.min(to)).await?;
        }
        Ok(())
    }
}

/// Fills all of them up to the end of the log.
pub(crate) async fn fill(
    fillings: Vec<Filling>,
    source: &dyn EventSource,
    chunk_events: usize,
    progress: &watch::Sender<Progressed>,
) -> Result<Vec<Filling>, RebuildFault> {
    // Dropped, it ends its tasks: each has a database of its own, which is thrown away then.
    let mut tasks = JoinSet::new();
    let mut lanes = Vec::new();
    for filling in fillings {
        let (sender, chunks) = mpsc::channel(WAITING_CHUNKS);
        lanes.push(sender);
        tasks.spawn(take_all(filling, chunks, progress.clone()));
    }
    let copies = lanes.len() as u64;
    let read = read(source, lanes, chunk_events, |head| {
        progress.send_modify(|progress| progress.total_events = head.0 * copies);
    });
    // A writer that fails takes no more, which ends the reader; its fault is the reason then.
    let read = read.await;
    let mut filled = Vec::new();
    while let Some(ended) = tasks.join_next().await {
        filled.push(ended.map_err(|_| RebuildFault::BrokenOff)??);
    }
    read?;
    filled.sort_by_key(|filling| crate::projection::ALL.iter().position(|name| *name == filling.id.name));
    Ok(filled)
}

async fn read(
    source: &dyn EventSource,
    lanes: Vec<mpsc::Sender<Chunk>>,
    chunk_events: usize,
    tell_head: impl Fn(Position),
) -> Result<(), RebuildFault> {
    let mut at = Position::START;
    loop {
        let slice = source.read_all(at, Direction::Forward, chunk_events, &Filter::default()).await?;
        tell_head(source.head());
        let is_last = slice.at_end || slice.next <= at;
        at = slice.next;
        let chunk = Chunk { events: slice.events.into(), to: at };
        for lane in &lanes {
            if lane.send(chunk.clone()).await.is_err() {
                return Ok(());
            }
        }
        if is_last {
            return Ok(());
        }
    }
}

async fn take_all(
    mut filling: Filling,
    mut chunks: mpsc::Receiver<Chunk>,
    progress: watch::Sender<Progressed>,
) -> Result<Filling, RebuildFault> {
    while let Some(chunk) = chunks.recv().await {
        let before = filling.at;
        filling.take(&chunk.events, chunk.to).await?;
        progress.send_modify(|progress| progress.done_events += filling.at.0 - before.0);
    }
    Ok(filling)
}
