//! Jobs: long work that an operator starts and looks at while it goes on.
//!
//! Jobs are of this process: it carries them out and knows how far they are. That one was started, by whom and why, and
//! how it ended, are events (`job-<id>`); one that started, did not end and is not known here was interrupted.

use crate::app::App;
use crate::app::first_start::system;
use commands::command::Envelope;
use commands::execute::{Done, Failure};
use commands::job::end_job::EndJob;
use commands::job::rebuild_projection::RebuildProjection;
use domain::clock::{Clock, Time};
use domain::ids::JobId;
use domain::job::values::JobOutcome;
use domain::source::EventSource;
use domain::values::Reason;
use parking_lot::Mutex;
use projections::projection::SEARCH;
use projections::rebuild::{Progressed, RebuildFault, Rebuilt};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use uuid::Uuid;

/// Jobs that are remembered with everything about them, at most.
const REMEMBERED_MAX_JOBS: usize = 100;
/// Jobs that run at the same time, at most.
const RUNNING_MAX_JOBS: usize = 4;

/// How a job ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// When.
    pub at: Time,
    /// Whether it did everything.
    pub outcome: JobOutcome,
    /// What came of each projection, or why the work was given up.
    pub result: Result<Vec<Rebuilt>, String>,
}

/// A job of this process.
pub struct Job {
    /// Which.
    pub id: JobId,
    /// What is rebuilt.
    pub projections: Vec<&'static str>,
    /// How far it is.
    pub progress: watch::Sender<Progressed>,
    /// How it ended, once it has.
    pub ended: watch::Sender<Option<Ended>>,
}

/// The jobs of this process, the newest last.
#[derive(Default)]
pub struct Jobs(Mutex<VecDeque<Arc<Job>>>);

impl Jobs {
    /// Remembers a job that starts, if one more may run.
    fn begin(&self, id: JobId, projections: Vec<&'static str>) -> Option<Arc<Job>> {
        let mut jobs = self.0.lock();
        if jobs.iter().filter(|job| job.ended.borrow().is_none()).count() >= RUNNING_MAX_JOBS {
            return None;
        }
        let (progress, ended) = (watch::Sender::new(Progressed::default()), watch::Sender::new(None));
        let job = Arc::new(Job { id, projections, progress, ended });
        jobs.push_back(job.clone());
        Some(job)
    }

    /// Forgets what began longest ago of those that have ended, if there are too many.
    fn tidy(&self) {
        let mut jobs = self.0.lock();
        if jobs.len() > REMEMBERED_MAX_JOBS
            && let Some(oldest) = jobs.iter().position(|job| job.ended.borrow().is_some())
        {
            jobs.remove(oldest);
        }
    }

    fn forget(&self, id: JobId) {
        self.0.lock().retain(|job| job.id != id);
    }

    /// A job of this process.
    pub fn find(&self, id: JobId) -> Option<Arc<Job>> {
        self.0.lock().iter().find(|job| job.id == id).cloned()
    }
}

/// A rebuild that somebody asks for.
pub struct Asked {
    /// The projections.
    pub projections: Vec<&'static str>,
    /// Whether a result that differs from what is served is taken nevertheless.
    pub is_forced: bool,
    /// Why.
    pub reason: Reason,
}

/// Records that a rebuild starts, and carries it out in the background. One that had been started before has no job here.
///
/// In a task of its own: whoever asked may go away as soon as it is durable that the job started.
///
/// # Errors
/// When it could not be recorded, or too many jobs are running.
pub async fn start(app: &Arc<App>, asked: Asked, envelope: Envelope) -> Result<(Option<Arc<Job>>, Done), Failure> {
    let starting = app.tracker.spawn(record_and_begin(app.clone(), asked, envelope));
    starting.await.unwrap_or(Err(Failure::Aborted))
}

async fn record_and_begin(
    app: Arc<App>,
    asked: Asked,
    envelope: Envelope,
) -> Result<(Option<Arc<Job>>, Done), Failure> {
    let Asked { projections, is_forced, reason } = asked;
    let (id, names) = (JobId::new(Uuid::now_v7()), projections.iter().map(|name| (*name).to_owned()).collect());
    // Before it is recorded: who finds it recorded must not find it interrupted.
    let job = app.jobs.begin(id, projections);
    let has_room = job.is_some();
    let command = RebuildProjection { job: id, projections: names, forced: is_forced, reason, has_room };
    let recorded = app.executor.execute(command, envelope).await;
    match (job, recorded) {
        (Some(job), Ok(done)) if !done.replayed => {
            app.jobs.tidy();
            app.tracker.spawn(carry_out(app.clone(), job.clone(), is_forced));
            Ok((Some(job), done))
        }
        (_, other) => {
            app.jobs.forget(id);
            other.map(|done| (None, done))
        }
    }
}

/// To its end or until the process stops.
async fn carry_out(app: Arc<App>, job: Arc<Job>, is_forced: bool) {
    let _ends = EndsAnyway { job: job.clone(), clock: app.clock.clone() };
    let source: Arc<dyn EventSource> = app.log.clone();
    let Some(result) = app.stop.run_until_cancelled(rebuild(&app, &job, source, is_forced)).await else {
        tracing::warn!(job = %job.id, "the job is interrupted: the server stops");
        return;
    };
    let result = result.map_err(|fault| format!("{:#}", anyhow::Error::new(fault)));
    let is_done = result.as_ref().is_ok_and(|all| all.iter().all(|one| one.is_switched));
    let outcome = if is_done { JobOutcome::Done } else { JobOutcome::Failed };
    if let Err(fault) = &result {
        tracing::error!(job = %job.id, %fault, "the job failed");
    }
    if let Err(failure) = app.executor.execute(EndJob { job: job.id, outcome }, system()).await {
        tracing::error!(job = %job.id, error = %anyhow::Error::new(failure), "the end of the job could not be recorded");
    }
    job.ended.send_replace(Some(Ended { at: app.clock.now(), outcome, result }));
}

/// Ends a job whose work was broken off, by a stop or a panic: it keeps no place and nobody waiting.
struct EndsAnyway {
    job: Arc<Job>,
    clock: Arc<dyn Clock>,
}

impl Drop for EndsAnyway {
    fn drop(&mut self) {
        if self.job.ended.borrow().is_none() {
            let (at, result) = (self.clock.now(), Err("it was broken off".into()));
            self.job.ended.send_replace(Some(Ended { at, outcome: JobOutcome::Failed, result }));
        }
    }
}

/// The tables, and beside them the search index, which is none of them.
async fn rebuild(
    app: &App,
    job: &Job,
    source: Arc<dyn EventSource>,
    is_forced: bool,
) -> Result<Vec<Rebuilt>, RebuildFault> {
    let names: Vec<&str> = job.projections.iter().copied().filter(|name| *name != SEARCH).collect();
    let (of_tables, of_search) = (watch::Sender::new(Progressed::default()), watch::Sender::new(Progressed::default()));
    let tables = async {
        match names.as_slice() {
            [] => Ok(Vec::new()),
            names => app.projections.rebuild(names, source.clone(), is_forced, &of_tables).await,
        }
    };
    let search = async {
        match job.projections.contains(&SEARCH) {
            false => Ok(None),
            true => app.search.rebuild(source.clone(), &of_search).await.map(Some),
        }
    };
    let both = async { tokio::join!(tables, search) };
    let (tables, search) = tokio::select! {
        both = both => both,
        never = tell_both(of_tables.subscribe(), of_search.subscribe(), &job.progress) => match never {},
    };
    // One that failed does not take back what the other did.
    let (mut all, found) = (tables?, search?);
    all.extend(found);
    job.progress.send_modify(|progress| progress.done_events = progress.total_events);
    Ok(all)
}

/// Tells the sum of two.
async fn tell_both(
    mut one: watch::Receiver<Progressed>,
    mut other: watch::Receiver<Progressed>,
    sum: &watch::Sender<Progressed>,
) -> Infallible {
    loop {
        let changed = tokio::select! {
            changed = one.changed() => changed,
            changed = other.changed() => changed,
        };
        if changed.is_err() {
            std::future::pending::<()>().await;
        }
        let (one, other) = (*one.borrow(), *other.borrow());
        sum.send_replace(Progressed {
            done_events: one.done_events + other.done_events,
            total_events: one.total_events + other.total_events,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    #[test]
    fn jobs_that_run_are_not_forgotten_for_the_sake_of_others() {
        let jobs = Jobs::default();
        let id = |n| JobId::new(Uuid::from_u128(n));
        let begin = |n| {
            let job = jobs.begin(id(n), vec![]).unwrap();
            jobs.tidy();
            job
        };
        begin(0);
        for n in 1..=2 * REMEMBERED_MAX_JOBS as u128 {
            let end = Ended { at: Time::from_micros(0), outcome: JobOutcome::Done, result: Ok(vec![]) };
            begin(n).ended.send_replace(Some(end));
        }
        assert!(jobs.find(id(0)).is_some() && jobs.find(id(1)).is_none());
        assert!(jobs.find(id(2 * REMEMBERED_MAX_JOBS as u128)).is_some());
        assert!(jobs.0.lock().len() <= REMEMBERED_MAX_JOBS);
    }

    #[test]
    fn only_so_many_jobs_run_at_the_same_time() {
        let jobs = Jobs::default();
        let begin = |n| jobs.begin(JobId::new(Uuid::from_u128(n)), vec![]);
        let running: Vec<_> = (0..RUNNING_MAX_JOBS as u128).map(|n| begin(n).unwrap()).collect();
        assert!(begin(9).is_none());
        let end = Ended { at: Time::from_micros(0), outcome: JobOutcome::Failed, result: Ok(vec![]) };
        running[1].ended.send_replace(Some(end));
        assert!(begin(9).is_some() && begin(10).is_none());
    }

    #[test]
    fn a_job_that_is_broken_off_keeps_no_place() {
        let jobs = Jobs::default();
        let job = jobs.begin(JobId::new(Uuid::from_u128(1)), vec![]).unwrap();
        drop(EndsAnyway { job: job.clone(), clock: Arc::new(SystemClock) });
        assert!(job.ended.borrow().as_ref().is_some_and(|end| end.outcome == JobOutcome::Failed));
        let end = Ended { at: Time::from_micros(0), outcome: JobOutcome::Done, result: Ok(vec![]) };
        job.ended.send_replace(Some(end));
        drop(EndsAnyway { job: job.clone(), clock: Arc::new(SystemClock) });
        assert!(job.ended.borrow().as_ref().is_some_and(|end| end.outcome == JobOutcome::Done));
    }
}
