//! The one writer: drains what waits, judges it, writes it as one piece, syncs once, publishes, answers.
//!
//! No timer: a batch is whatever waited while the one before was synced. Metrics: `log_append_batch_size` (events a
//! batch), `log_sync_seconds` (write and sync of a batch), `log_append_events_total`.

use super::append::{RawAppended, RawUnit, Request, Waiter};
use super::commit::Commit;
use super::head::End;
use super::judge::Batch;
use commands::log::LogFault;
use domain::stream::StreamName;
use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

/// Requests that wait, at most; more have to wait outside.
pub const QUEUE_MAX_REQUESTS: usize = 4096;
/// A batch is closed by the unit that brings it to this size, in bytes.
const BATCH_BYTES: usize = 4 << 20;
/// From so many calls on they are answered apart from the writer.
const ANSWERED_APART_CALLS: usize = 64;

/// The state of the writer's thread.
pub struct Writer {
    /// What waits.
    pub requests: mpsc::Receiver<Request>,
    /// Makes batches durable.
    pub commit: Commit,
    /// The batch being judged.
    pub batch: Batch,
    /// What is taken from the queue and not worked off yet.
    pub waiting: VecDeque<Request>,
    /// The exclusive lock of the directory, held as long as the thread runs.
    pub lock: Box<dyn Any + Send>,
    /// Where many calls are answered at once; without it, on the writer's thread.
    pub runtime: Option<Handle>,
}

/// One call of append on its way.
struct Call {
    units: Vec<RawUnit>,
    /// How many of the units are judged.
    judged: usize,
    answers: Vec<RawAppended>,
    /// The streams that units before were to write and did not.
    fallen: Vec<StreamName>,
    /// How many of the answers the waiter was told as durable.
    told: usize,
    fault: Option<LogFault>,
    waiter: Box<dyn Waiter>,
}

impl Writer {
    /// Runs until the log is closed or every handle is gone.
    pub fn run(mut self) {
        let mut received = Vec::new();
        while self.requests.blocking_recv_many(&mut received, QUEUE_MAX_REQUESTS) > 0 {
            self.waiting.extend(received.drain(..));
            if let Some(done) = self.work() {
                return self.close(Some(done));
            }
        }
        self.close(None);
    }

    /// Works off what waits now, as [`Writer::run`] does; gives the writer back unless the log was closed.
    pub fn step(mut self) -> Option<Self> {
        while let Ok(request) = self.requests.try_recv() {
            self.waiting.push_back(request);
        }
        match self.work() {
            Some(done) => {
                self.close(Some(done));
                None
            }
            None => Some(self),
        }
    }

    /// Works off what waits. Whoever asks for the log to be closed ends it.
    fn work(&mut self) -> Option<oneshot::Sender<()>> {
        let (mut calls, mut marks, mut hiding) = (VecDeque::new(), Vec::new(), Vec::new());
        while let Some(request) = self.waiting.pop_front() {
            match request {
                Request::Append { units, waiter } => {
                    calls.push_back(Call::of(units, waiter));
                    if !matches!(self.waiting.front(), Some(Request::Append { .. })) {
                        self.append(&mut calls);
                    }
                }
                Request::Hide { stream, hidden, answer } => {
                    marks.push((stream, hidden));
                    hiding.push(answer);
                    if !matches!(self.waiting.front(), Some(Request::Hide { .. })) {
                        let marked = self.commit.mark(&marks);
                        marks.clear();
                        // Whoever asked may have gone; what is hidden stays hidden.
                        hiding.drain(..).for_each(|answer| drop(answer.send(marked.clone())));
                    }
                }
                Request::Close(done) => return Some(done),
            }
        }
        None
    }

    /// Judges and commits calls, in as many batches as their size asks for.
    fn append(&mut self, waiting: &mut VecDeque<Call>) {
        while !waiting.is_empty() {
            let calls = self.fill(waiting);
            #[cfg(feature = "mutants")]
            let calls = self.mutant_answer(calls);
            let mut calls = calls;
            match self.commit.write(&self.batch) {
                Ok(()) => {
                    self.commit.publish(&self.batch);
                    calls.iter_mut().for_each(Call::tell);
                    self.commit.tell_head();
                }
                Err(fault) => calls.iter_mut().for_each(|call| call.fail(fault.clone())),
            }
            if let Some(begun) = calls.pop_if(|call| call.has_more()) {
                waiting.push_front(begun);
            }
            self.answer(calls);
        }
    }

    /// Answers calls. Each answer wakes a task, which from a foreign thread costs a lock of the runtime, and what the call
    /// was made of is given back to the allocator: with many of them the next batch would wait for that.
    #[expect(clippy::disallowed_methods, reason = "whoever asked waits for its answer, and with it for the task")]
    fn answer(&self, calls: Vec<Call>) {
        match &self.runtime {
            Some(runtime) if calls.len() >= ANSWERED_APART_CALLS => {
                // Once the runtime ends, so do those who wait.
                drop(runtime.spawn(async move { calls.into_iter().for_each(Call::answer) }));
            }
            Some(_) | None => calls.into_iter().for_each(Call::answer),
        }
    }

    /// The mutant that acknowledges before anything is durable: a crash test must find it.
    #[cfg(feature = "mutants")]
    fn mutant_answer(&self, mut calls: Vec<Call>) -> Vec<Call> {
        if self.commit.mutant != Some(super::options::Mutant::EarlyAck) {
            return calls;
        }
        let begun = calls.pop_if(|call| call.has_more());
        for mut call in calls {
            call.tell();
            call.answer();
        }
        #[expect(clippy::disallowed_methods, reason = "the mutant writes later, as a commit timer would")]
        std::thread::sleep(std::time::Duration::from_millis(5));
        Vec::from_iter(begun)
    }

    /// Judges units until the batch is full or nothing waits. Gives the calls it touched; only the last can have units
    /// left.
    fn fill(&mut self, waiting: &mut VecDeque<Call>) -> Vec<Call> {
        let history = Arc::clone(&self.commit.history);
        let state = history.state.read();
        let last = state.open.last_recorded_at;
        self.batch.begin(history.head().0 + 1, history.clock.now().max(last));
        let (ids_since, mut calls) = (history.ids_since(), Vec::with_capacity(waiting.len()));
        while self.batch.bytes.len() < BATCH_BYTES
            && let Some(mut call) = waiting.pop_front()
        {
            while self.batch.bytes.len() < BATCH_BYTES
                && let Some(unit) = call.units.get(call.judged)
            {
                match self.batch.judge(&history, &state, ids_since, &mut call.fallen, unit) {
                    Ok(answer) => {
                        call.answers.push(answer);
                        call.judged += 1;
                    }
                    Err(fault) => call.fail(fault),
                }
            }
            calls.push(call);
        }
        calls
    }

    /// Stops taking requests, answers those that still wait, and lets the lock go.
    fn close(mut self, done: Option<oneshot::Sender<()>>) {
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            self.waiting.push_back(request);
        }
        let mut asked = Vec::from_iter(done);
        for request in self.waiting {
            match request {
                Request::Append { waiter, .. } => waiter.answer(Err(LogFault::Closed)),
                Request::Hide { answer, .. } => drop(answer.send(Err(LogFault::Closed))),
                Request::Close(done) => asked.push(done),
            }
        }
        self.commit.head.send_modify(|head| head.end = head.end.or(Some(End::Closed)));
        drop(self.commit);
        drop(self.lock);
        // Whoever asked may have gone.
        asked.into_iter().for_each(|done| done.send(()).unwrap_or_default());
    }
}

impl Call {
    fn of(units: Vec<RawUnit>, waiter: Box<dyn Waiter>) -> Self {
        let answers = Vec::with_capacity(units.len());
        Self { units, judged: 0, answers, fallen: Vec::new(), told: 0, fault: None, waiter }
    }

    /// Nothing of what is left of the call is judged.
    fn fail(&mut self, fault: LogFault) {
        self.fault = Some(fault);
        self.judged = self.units.len();
    }

    fn has_more(&self) -> bool {
        self.judged < self.units.len()
    }

    /// Tells the waiter which units became durable.
    fn tell(&mut self) {
        for (unit, answer) in self.answers.iter().enumerate().skip(self.told) {
            if let RawAppended::Committed(placed) = answer {
                self.waiter.committed(unit, placed);
            }
        }
        self.told = self.answers.len();
    }

    fn answer(self) {
        self.waiter.answer(self.fault.map_or(Ok(self.answers), Err));
    }
}
