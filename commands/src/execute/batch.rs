//! One round of a lane: decide a batch in order on the evolving state, append it as one call, answer.
//!
//! A unit states the revision of every stream that its decision rests on, so the log itself finds out whether a
//! decision still holds, also when an earlier unit of the call did not. A refusal, or that it is already so, has no
//! unit: it is answered only when the log's revisions are those it was decided on.

use super::decide::{Decision, Used};
use super::job::Job;
use super::sequence::Link;
use super::turns::Turn;
use super::working::Working;
use super::{Done, Executor, Failure, Stages, Standing};
use crate::log::{Appended, LogFault, Unit};
use crate::refusal::Refusal;
use domain::ids::Position;
use domain::limits::CONFLICT_MAX_RETRIES;
use domain::recorded::Recorded;
use domain::stream::StreamName;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long the answers of a batch keep others waiting, if those who asked do not look.
const UPTAKE_MAX: Duration = Duration::from_millis(20);

/// A command whose unit is being appended.
struct Drafted {
    job: Job,
    used: Vec<Used>,
    rests_on: Vec<usize>,
}

/// A command that nothing needs to be appended for.
struct Settled {
    job: Job,
    refusal: Option<Refusal>,
    standing: Option<Standing>,
    revisions: Vec<(StreamName, Option<u64>)>,
    rests_on: Vec<usize>,
}

/// A batch that was decided. The units belong to the drafted commands, one each.
#[derive(Default)]
struct Batch {
    units: Vec<Unit>,
    drafted: Vec<Drafted>,
    settled: Vec<Settled>,
}

/// What a round leaves for the next one.
#[derive(Default)]
struct Leftover {
    /// The commands that were overtaken.
    jobs: Vec<Job>,
    /// Streams that the cache may be behind of.
    behind: Vec<StreamName>,
}

impl Executor {
    /// Decides and appends a batch. Gives back, in order, the commands that were overtaken.
    pub(super) async fn round(&self, mut jobs: Vec<Job>) -> Vec<Job> {
        let uptake = TaskTracker::new();
        jobs.iter_mut().for_each(|job| job.uptake = Some(uptake.token()));
        let mut turn = Some(self.deciding.take(jobs.len()).await);
        let mut batch = self.decide_in_order(jobs).await;
        let mut leftover = Leftover::default();
        if !batch.settled.is_empty() {
            let (resting, certain) = mem::take(&mut batch.settled).into_iter().partition(Settled::rests);
            batch.settled = resting;
            self.settle(certain, &mut leftover).await;
        }
        if !batch.units.is_empty() {
            drop(turn);
            turn = self.append(batch, &mut leftover).await;
        }
        self.compare(&leftover.behind).await;
        uptake.close();
        let taken_up = timeout(UPTAKE_MAX, uptake.wait()).await;
        if taken_up.is_err() {
            tracing::debug!("answers of a batch have not been taken up in time");
        }
        drop(turn);
        leftover.jobs.sort_unstable_by_key(|job| job.turn);
        leftover.jobs
    }

    async fn decide_in_order(&self, jobs: Vec<Job>) -> Batch {
        let count = jobs.len();
        let mut working = Working::default();
        let mut batch = Batch::default();
        for (turn, mut job) in jobs.into_iter().enumerate() {
            job.turn = turn;
            if job.link.as_ref().is_some_and(Link::is_cut_off) {
                self.finish(job, Err(Failure::Overloaded));
                continue;
            }
            job.stages.wait += job.since.elapsed();
            let Job { command, envelope, primary, stages, .. } = &mut job;
            let decision = self.decide(&**command, envelope, primary, &mut working, stages).await;
            job.since = Instant::now();
            match decision {
                Err(failure) => self.finish(job, Err(failure)),
                Ok(Decision { decided: Ok(events), used, rests_on, .. }) if !events.is_empty() => {
                    match self.unit(&job, events, &used, &working) {
                        Err(failure) => self.finish(job, Err(failure)),
                        Ok(unit) => {
                            if turn + 1 < count {
                                working.evolve(&unit, batch.units.len());
                            }
                            batch.units.push(unit);
                            batch.drafted.push(Drafted { job, used, rests_on });
                        }
                    }
                }
                Ok(decision) => {
                    let revisions = decision.revisions();
                    let Decision { decided, rests_on, standing, .. } = decision;
                    batch.settled.push(Settled { job, refusal: decided.err(), standing, revisions, rests_on });
                }
            }
        }
        batch
    }

    /// Answers what needs no unit, as far as it was decided on the log's current revisions.
    async fn settle(&self, settled: Vec<Settled>, leftover: &mut Leftover) {
        for Settled { mut job, refusal, standing, revisions, .. } in settled {
            // Before the comparison: if that holds, these streams were so at this head.
            let head = self.log.head();
            match self.are_current(&revisions).await {
                Err(fault) => self.finish(job, Err(fault.into())),
                Ok(false) => {
                    job.attempts += 1;
                    self.try_again(job, leftover);
                }
                Ok(true) => {
                    job.stages.append += job.since.elapsed();
                    let result = match refusal {
                        Some(refusal) => Err(Failure::Refused(refusal, head)),
                        None => Ok(already_so(head, standing, job.stages)),
                    };
                    self.finish(job, result);
                }
            }
        }
    }

    /// Appends, and answers in turn: for as long as what is given back lives, the answers keep others waiting.
    async fn append(&self, batch: Batch, leftover: &mut Leftover) -> Option<Turn<'_>> {
        let Batch { units, drafted, settled } = batch;
        self.meters.batch(units.len());
        let results = match self.log.append(units).await {
            Ok(results) => results,
            Err(fault) => {
                self.give_up(drafted, settled, &fault);
                return None;
            }
        };
        let appended = Instant::now();
        self.apply(&results);
        let turn = self.answering.take(results.len()).await;
        let committed = self.answer(drafted, results, appended, leftover).await;
        let (standing, fallen): (Vec<_>, Vec<_>) =
            settled.into_iter().partition(|settled| all_hold(&settled.rests_on, &committed));
        fallen.into_iter().for_each(|settled| self.try_again(settled.job, leftover));
        self.settle(standing, leftover).await;
        Some(turn)
    }

    /// Takes over what is in the log now: what others decide rests on it, whenever it is answered.
    fn apply(&self, results: &[Appended]) {
        for result in results {
            if let Appended::Committed(events) = result {
                events.iter().for_each(|event| self.cache.apply(event));
            }
        }
    }

    /// Answers what was appended and keeps what was overtaken. Tells of each unit whether it is in the log.
    async fn answer(
        &self,
        drafted: Vec<Drafted>,
        results: Vec<Appended>,
        appended: Instant,
        leftover: &mut Leftover,
    ) -> Vec<bool> {
        let mut committed = Vec::with_capacity(drafted.len());
        for (Drafted { mut job, used, rests_on }, result) in drafted.into_iter().zip(results) {
            let is_committed = matches!(result, Appended::Committed(_));
            match result {
                Appended::Committed(events) => {
                    job.stages.append += appended.duration_since(job.since);
                    let done = done(events, job.stages);
                    self.finish(job, Ok(done));
                }
                Appended::Conflict { stream, actual } => {
                    self.cache.compare(&stream, actual);
                    leftover.behind.extend(used.into_iter().map(|used| used.stream));
                    // What only fell with a unit before it was not overtaken itself.
                    if all_hold(&rests_on, &committed) {
                        self.meters.overtaken(job.command.name());
                        job.attempts += 1;
                    }
                    self.try_again(job, leftover);
                }
                Appended::Duplicate(position) => {
                    leftover.behind.extend(used.into_iter().map(|used| used.stream));
                    let result = self.repeat(&job, position).await;
                    self.finish(job, result);
                }
                Appended::TooLarge => self.finish(job, Err(Failure::TooLarge)),
                Appended::Deleted { .. } => {
                    used.iter().for_each(|used| self.cache.forget(&used.stream));
                    self.finish(job, Err(Failure::StreamDeleted));
                }
            }
            committed.push(is_committed);
        }
        committed
    }

    /// Nobody knows what became of the units, so nothing may be remembered of their streams.
    fn give_up(&self, drafted: Vec<Drafted>, settled: Vec<Settled>, fault: &LogFault) {
        for Drafted { job, used, .. } in drafted {
            used.iter().for_each(|used| self.cache.forget(&used.stream));
            self.finish(job, Err(Failure::Log(fault.clone())));
        }
        for Settled { job, .. } in settled {
            self.finish(job, Err(Failure::Log(fault.clone())));
        }
    }

    /// The answer when the log knew the events before: another process, or this one before a crash, was first.
    async fn repeat(&self, job: &Job, position: Position) -> Result<Done, Failure> {
        let mut done = match &job.claim {
            Some(claim) => self.replay(claim, position).await?,
            None => {
                let events = self.log.read_positions(&[position]).await?;
                Done { events, position, replayed: true, standing: None, stages: Stages::default() }
            }
        };
        done.stages = job.stages;
        Ok(done)
    }

    fn try_again(&self, mut job: Job, leftover: &mut Leftover) {
        if job.attempts > CONFLICT_MAX_RETRIES {
            return self.finish(job, Err(Failure::Contended));
        }
        job.uptake = None;
        job.since = Instant::now();
        leftover.jobs.push(job);
    }

    fn finish(&self, job: Job, result: Result<Done, Failure>) {
        self.meters.answered(job.command.name(), &job.stages);
        job.answer(result);
    }

    /// Finds out which of these streams have moved on, so that the next round loads them again.
    async fn compare(&self, streams: &[StreamName]) {
        if streams.is_empty() {
            return;
        }
        match self.log.revisions(streams).await {
            Ok(actual) => {
                streams.iter().zip(actual).for_each(|(stream, actual)| self.cache.compare(stream, actual));
            }
            // The next round then reads them all, and meets the fault itself if it lasts.
            Err(_) => streams.iter().for_each(|stream| self.cache.forget(stream)),
        }
    }
}

impl Settled {
    fn rests(&self) -> bool {
        !self.rests_on.is_empty()
    }
}

fn all_hold(rests_on: &[usize], committed: &[bool]) -> bool {
    rests_on.iter().all(|unit| committed.get(*unit).copied().unwrap_or(false))
}

pub(super) fn already_so(head: Position, standing: Option<Standing>, stages: Stages) -> Done {
    Done { events: Vec::new(), position: head, replayed: false, standing, stages }
}

fn done(events: Vec<Arc<Recorded>>, stages: Stages) -> Done {
    let position = events.last().map_or(Position::START, |event| event.position);
    Done { events, position, replayed: false, standing: None, stages }
}
