//! One lane a stream: who leads it and what waits for its turn.

use super::Executor;
use super::job::Job;
use domain::limits::{BATCH_MAX_BYTES, BATCH_MAX_COMMANDS};
use domain::stream::StreamName;
use parking_lot::Mutex;
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::collections::VecDeque;
use std::hash::BuildHasher;
use std::sync::Arc;

const SHARDS: usize = 64;

/// What waits, by stream.
type Shard = Mutex<FxHashMap<StreamName, VecDeque<Job>>>;

/// What waits, by stream. A stream is here exactly while it has a leader.
pub(super) struct Lanes {
    shards: Box<[Shard]>,
}

impl Default for Lanes {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Lanes {
    fn shard(&self, stream: &StreamName) -> &Shard {
        // The high bits: the shard's own map uses the low ones.
        let hash = FxBuildHasher.hash_one(stream) >> 32;
        &self.shards[usize::try_from(hash).unwrap_or(0) % SHARDS]
    }

    /// Puts the job into its lane. When nobody leads the lane, the job comes back: its caller must see to a leader.
    fn join(&self, job: Job) -> Option<Job> {
        let mut shard = self.shard(&job.primary).lock();
        match shard.get_mut(&job.primary) {
            Some(lane) => {
                lane.push_back(job);
                None
            }
            None => {
                shard.insert(job.primary.clone(), VecDeque::new());
                Some(job)
            }
        }
    }

    /// Adds to the batch what waits, as far as a batch goes. False ends the lane: nothing waits and nothing is left.
    fn refill(&self, stream: &StreamName, batch: &mut Vec<Job>) -> bool {
        let mut bytes: usize = batch.iter().map(|job| job.command.bytes()).sum();
        let mut shard = self.shard(stream).lock();
        let Some(lane) = shard.get_mut(stream) else { return !batch.is_empty() };
        while batch.len() < BATCH_MAX_COMMANDS {
            let Some(next) = lane.front().map(|job| job.command.bytes()) else { break };
            if !batch.is_empty() && bytes + next > BATCH_MAX_BYTES {
                break;
            }
            bytes += next;
            batch.extend(lane.pop_front());
        }
        if batch.is_empty() {
            shard.remove(stream);
        }
        !batch.is_empty()
    }

    fn close(&self, stream: &StreamName) {
        let waiting = self.shard(stream).lock().remove(stream);
        // Dropped outside the lock: whoever waits is told that the command was given up.
        drop(waiting);
    }
}

/// Ends a lane whose leader ends before its time, so that later commands find a new leader.
struct Leadership<'a> {
    lanes: &'a Lanes,
    stream: &'a StreamName,
    is_over: bool,
}

impl Drop for Leadership<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.lanes.close(self.stream);
        }
    }
}

impl Executor {
    /// Puts a job into its lane, and sees to a leader when it is the first there.
    pub(super) fn enqueue(self: &Arc<Self>, job: Job) {
        if let Some(first) = self.lanes.join(job) {
            let executor = Arc::clone(self);
            self.tracker.spawn(async move { executor.lead(first).await });
        }
    }

    async fn lead(&self, first: Job) {
        let stream = first.primary.clone();
        let mut leadership = Leadership { lanes: &self.lanes, stream: &stream, is_over: false };
        let mut batch = vec![first];
        loop {
            batch = self.round(batch).await;
            if !self.lanes.refill(&stream, &mut batch) {
                leadership.is_over = true;
                return;
            }
        }
    }
}
