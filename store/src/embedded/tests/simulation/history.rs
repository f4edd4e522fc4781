//! One random history: lives of a log between losses of power, kills and errors, compared with the model all the time.

use super::super::chance::Chance;
use super::super::simulated::{SimulatedDisk, Trouble};
use super::super::{StoppedClock, check, id};
use super::crew::Running;
use super::model::{DELETED, Known, Model, Unresolved};
use crate::embedded::append::{RawAppended, RawUnit, RawWrite};
use crate::embedded::copy::{CopyFault, copy};
use crate::embedded::engine::Log;
use crate::embedded::fault::OpenFault;
use crate::embedded::head::End;
use crate::embedded::marks::Hidden;
use crate::embedded::options::Options;
use crate::embedded::reclaim::ReclaimFault;
use crate::embedded::record::{RawEvent, RecordRef};
use commands::log::{Expected, LogFault};
use domain::clock::{Clock, Time};
use domain::ids::{AccountId, ConversationId, LogId, Position, SessionId};
use domain::limits::REFRESH_TOKEN_LIFE_MAX_SECONDS;
use domain::source::{Direction, SourceFault};
use domain::stream::StreamName;
use futures_util::FutureExt;
use parking_lot::Mutex;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use tokio::sync::oneshot;
use uuid::Uuid;

const STREAMS: u64 = 6;
/// After a jump of the clock ids may be forgotten.
const JUMP_SECONDS: i64 = 49 * 3600;
/// Bytes of a record without its payload, at most.
const RECORD_OVERHEAD_BYTES: usize = 300;
const DIR: &str = "/data/log";

type Answer = Result<Vec<RawAppended>, LogFault>;

/// What came of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Everything that the disk was asked and told, as one number.
    pub trace: u64,
    pub operations: u64,
    pub events: u64,
    pub opens: u64,
    pub troubles: u64,
    /// Events of which only stubs were left at the end.
    pub stubs: u64,
    pub copies: u64,
}

impl Outcome {
    pub fn add(&mut self, other: Self) {
        self.operations += other.operations;
        self.events += other.events;
        self.opens += other.opens;
        self.troubles += other.troubles;
        self.stubs += other.stubs;
        self.copies += other.copies;
    }
}

/// One that keeps everything, one that keeps its newest event, one that keeps its events for a time.
fn stream(n: u128) -> StreamName {
    let id = Uuid::from_u128(n);
    match n {
        4 => StreamName::read(AccountId::new(id), ConversationId::new(id)),
        5 => StreamName::session(SessionId::new(id)),
        _ => StreamName::conversation(ConversationId::new(id)),
    }
}

/// A history under way.
pub struct History {
    chance: Chance,
    disk: SimulatedDisk,
    clock: Arc<StoppedClock>,
    options: Options,
    model: Model,
    ids: u128,
    outcome: Outcome,
    /// What happens, for whoever looks into a seed.
    story: Option<Vec<String>>,
}

/// Plays the history of a seed; an error tells what is wrong, or the whole story. `change` may break the engine.
pub fn play(seed: u64, told: bool, change: impl FnOnce(&mut Options)) -> Result<Outcome, String> {
    let mut chance = Chance::new(seed);
    let disk = SimulatedDisk::seeded(chance.number());
    let clock = Arc::new(StoppedClock(Mutex::new(Time::from_micros(1_735_689_600_000_000))));
    let mut options = Options {
        segment_bytes: chance.pick(&[512, 1 << 10, 2 << 10, 4 << 10, 9 << 10]),
        new_log_id: Some(LogId::new(Uuid::from_u64_pair(seed, chance.number()))),
        disk: Arc::new(disk.clone()),
        ..Options::new(clock.clone(), [7; 16])
    };
    change(&mut options);
    let model = Model { latest: clock.now(), ..Model::default() };
    let (outcome, story) = (Outcome::default(), told.then(Vec::new));
    let mut history = History { chance, disk, clock, options, model, ids: 0, outcome, story };
    history
        .play()
        .map_err(|wrong| history.story.iter().flatten().cloned().chain([wrong]).collect::<Vec<_>>().join("\n"))?;
    let (trace, operations) = (history.disk.trace(), history.disk.operations());
    Ok(Outcome { trace, operations, events: history.model.events.len() as u64, ..history.outcome })
}

/// Something that was asked of the writer.
enum Asked {
    Append(Vec<RawUnit>, oneshot::Receiver<Answer>),
    Hide(StreamName, u64),
}

impl History {
    fn play(&mut self) -> Result<(), String> {
        for _ in 0..self.chance.between(2, 4) {
            let running = self.open()?;
            self.compare(&running.log)?;
            self.live(&running)?;
            self.end(running)?;
        }
        let running = self.open()?;
        self.compare(&running.log)?;
        drop(running);
        let log = Log::open_read_only(DIR.as_ref(), &self.options).map_err(|fault| format!("for reading: {fault}"))?;
        self.compare(&log)?;
        self.outcome.stubs += self.verify(&log)?;
        drop(log);
        if self.chance.one_in(3) { self.copy() } else { Ok(()) }
    }

    /// Everything is as it was written; gives the number of stubs.
    fn verify(&self, log: &Log) -> Result<u64, String> {
        let verified = log.history().verify(|_, _| {}).map_err(|fault| format!("verify: {fault}"))?;
        if verified.events + verified.stubs != self.model.events.len() as u64 {
            return Err(format!("{verified:?} were verified"));
        }
        Ok(verified.stubs)
    }

    /// Copies the log, at first perhaps with trouble: what is then called a log is all of it, and the original stays.
    fn copy(&mut self) -> Result<(), String> {
        for attempt in 0..4 {
            let to = PathBuf::from(format!("/data/copy-{attempt}"));
            let trouble = if attempt < 3 && self.chance.one_in(2) { Some(self.trouble(60)) } else { None };
            let mut options = self.options.clone();
            options.new_log_id = Some(LogId::new(Uuid::from_u64_pair(self.chance.number(), attempt)));
            options.segment_bytes = self.chance.pick(&[512, 3 << 10, 8 << 10]);
            self.disk.plan(trouble);
            let copied = copy(DIR.as_ref(), &self.options, &to, &options, |_, _| {});
            let happened = self.disk.happened();
            self.outcome.troubles += u64::from(happened.is_some());
            self.disk.plan(None);
            self.tell(|| format!("copied with {trouble:?}, {happened:?}: {copied:?}"));
            let is_done = match (copied, happened) {
                (Ok(_), _) => true,
                (Err(_), Some(Trouble::ReadFlip))
                | (Err(CopyFault::Io(..) | CopyFault::Open(OpenFault::Io(..))), Some(_))
                | (Err(CopyFault::Source(SourceFault::Unavailable(_))), Some(Trouble::Read)) => false,
                (Err(fault), _) => return Err(format!("the log was not copied after {happened:?}: {fault:?}")),
            };
            if !is_done || self.chance.one_in(2) {
                self.stop(if is_done { Some(Trouble::PowerLoss) } else { happened });
            }
            for dir in [DIR.as_ref(), to.as_path()] {
                match Log::open_read_only(dir, &options) {
                    Ok(log) => {
                        self.compare(&log)?;
                        self.verify(&log)?;
                    }
                    Err(OpenFault::Missing | OpenFault::Header(_)) if !is_done && dir == to => {}
                    Err(fault) => return Err(format!("{dir:?} does not open: {fault:?}")),
                }
            }
            if is_done {
                self.outcome.copies += 1;
                let opened = Log::assemble(&to, options).map_err(|fault| format!("the copy: {fault:?}"))?;
                return self.compare(&opened.0);
            }
        }
        Err("the log is not copied without trouble".into())
    }

    /// Opens the log, at first perhaps with trouble, and learns what is there.
    fn open(&mut self) -> Result<Running, String> {
        for attempt in 0..4 {
            let trouble = if attempt < 3 && self.chance.one_in(2) { Some(self.trouble(25)) } else { None };
            self.disk.plan(trouble);
            self.outcome.opens += 1;
            let sizes = |path: &PathBuf| (path.clone(), self.disk.get(path).map(|bytes| bytes.len()));
            let files: Vec<_> = self.disk.files().iter().map(sizes).collect();
            self.tell(|| format!("{files:?}"));
            let opened = Log::assemble(DIR.as_ref(), self.options.clone());
            let happened = self.disk.happened();
            self.outcome.troubles += u64::from(happened.is_some());
            self.disk.plan(None);
            let report = opened.as_ref().map(|(log, _)| (log.head(), log.report().clone()));
            self.tell(|| format!("opened with {trouble:?}, {happened:?}: {report:?}"));
            match (opened, happened) {
                (Ok((log, writer)), _) if !self.disk.is_off() => {
                    let running = Running::new(log, writer, self.chance.number());
                    self.learn(&running.log)?;
                    return Ok(running);
                }
                (Ok(_), _) | (Err(OpenFault::Io(..)), Some(_)) => {}
                (Err(OpenFault::Damaged(..) | OpenFault::Header(_)), Some(Trouble::ReadFlip)) => {}
                (Err(fault), happened) => return Err(format!("the log does not open after {happened:?}: {fault:?}")),
            }
            self.stop(happened);
        }
        Err("the log does not open without trouble".into())
    }

    /// The machine starts again: after a loss of power or after the process alone ended.
    fn stop(&mut self, happened: Option<Trouble>) {
        self.disk.switch_off();
        let power = match happened {
            Some(Trouble::PowerLoss) => true,
            Some(Trouble::Kill) => false,
            _ => self.chance.one_in(2),
        };
        self.tell(|| format!("stopped, power lost: {power}"));
        if power { self.disk.restart_after_power_loss() } else { self.disk.restart_after_kill() }
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            story.push(what());
        }
    }

    fn trouble(&mut self, within: u64) -> (u64, Trouble) {
        let full = Trouble::Full(self.chance.below(4));
        let kinds = [
            Trouble::PowerLoss,
            Trouble::PowerLoss,
            Trouble::PowerLoss,
            Trouble::Kill,
            Trouble::Kill,
            full,
            Trouble::Write,
            Trouble::Sync,
            Trouble::Names,
            Trouble::Read,
            Trouble::ReadFlip,
        ];
        (self.chance.below(within), self.chance.pick(&kinds))
    }

    /// Reads what an opened log holds and resolves with it what nobody knew.
    fn learn(&mut self, log: &Log) -> Result<(), String> {
        let found = everything(log, &self.model).map_err(|fault| format!("reading everything: {fault}"))?;
        self.model.found(&found)?;
        for n in 0..STREAMS {
            let stream = stream(n.into());
            self.model.found_mark(stream.as_str(), log.history().marks.before(stream.as_str()))?;
        }
        self.model.unresolved_marks.clear();
        Ok(())
    }

    fn live(&mut self, running: &Running) -> Result<(), String> {
        let trouble = if self.chance.one_in(5) { None } else { Some(self.trouble(60)) };
        self.disk.plan(trouble);
        self.tell(|| format!("lives with {trouble:?}"));
        for _ in 0..self.chance.between(2, 12) {
            match self.chance.below(10) {
                0 => running.crew.zero(),
                1 => running.crew.seal(),
                2 => self.time_passes(),
                3 => self.look(&running.log)?,
                4 => self.keep(running)?,
                _ => self.work(running)?,
            }
            if self.disk.is_off() || running.log.follow().borrow().end.is_some() {
                break;
            }
        }
        if running.log.follow().borrow().end == Some(End::Failed) && !self.disk.is_off() {
            self.disk.plan(None);
            self.is_stopped(running)?;
            // What was durable is read on.
            if self.chance.one_in(2) {
                self.compare(&running.log)?;
            }
        }
        Ok(())
    }

    fn time_passes(&mut self) {
        let seconds = match self.chance.below(6) {
            0 => JUMP_SECONDS,
            1 => REFRESH_TOKEN_LIFE_MAX_SECONDS + JUMP_SECONDS,
            _ => self.chance.below(100) as i64 - 40,
        };
        self.clock.moves_by_seconds(seconds);
        self.model.latest = self.clock.now().max(self.model.latest);
    }

    /// What nobody reads is given back, or a filter is built.
    fn keep(&mut self, running: &Running) -> Result<(), String> {
        if self.chance.one_in(3) {
            running.crew.keep();
            return Ok(());
        }
        let reclaimed = running.crew.reclaim(self.chance.one_in(2));
        let happened = self.disk.happened();
        self.tell(|| format!("gave back {reclaimed:?} with {happened:?}"));
        match (reclaimed, happened) {
            (Ok(_) | Err(ReclaimFault::Stopped), _) | (Err(_), Some(_)) => {}
            (Err(fault), None) => return Err(format!("giving back ended with {fault:?}")),
        }
        if self.disk.is_off() || self.disk_may_misread() {
            return Ok(());
        }
        self.compare(&running.log)
    }

    /// A log that failed takes nothing more.
    fn is_stopped(&mut self, running: &Running) -> Result<(), String> {
        let units = self.units(1, false);
        let (waiter, mut answer) = oneshot::channel::<Answer>();
        let sent = running.log.append_for(units, Box::new(waiter)).now_or_never();
        running.crew.write();
        match (sent, answer.try_recv()) {
            (Some(Ok(())), Ok(Err(LogFault::Failed(_)))) => Ok(()),
            other => Err(format!("a log that failed answers {other:?}")),
        }
    }

    /// A life ends: closed, or killed, or without power.
    fn end(&mut self, running: Running) -> Result<(), String> {
        let happened = self.disk.happened();
        self.outcome.troubles += u64::from(happened.is_some());
        if self.disk.is_off() || self.chance.one_in(3) {
            self.disk.switch_off();
            drop(running);
            self.stop(happened.filter(|trouble| matches!(trouble, Trouble::PowerLoss | Trouble::Kill)));
            return Ok(());
        }
        self.disk.plan(None);
        let mut close = pin!(running.log.close());
        let context = &mut Context::from_waker(Waker::noop());
        if close.as_mut().poll_unpin(context).is_pending() {
            running.crew.write();
            if close.poll_unpin(context).is_pending() {
                return Err("closing does not end".into());
            }
        }
        // What a closed log has is not lost with the power.
        if self.chance.one_in(2) {
            self.stop(Some(Trouble::PowerLoss));
        }
        Ok(())
    }

    /// Some requests at once, worked off, and their answers compared.
    fn work(&mut self, running: &Running) -> Result<(), String> {
        // A read that fails leaves a call of many units between them.
        let alone = self.disk_may_misread();
        let log = &running.log;
        let (mut asked, mut marks) = (Vec::new(), Vec::new());
        for _ in 0..if alone { 1 } else { self.chance.between(1, 4) } {
            if self.chance.one_in(8) {
                let stream = stream(self.chance.below(STREAMS).into());
                let before = if self.chance.one_in(12) { DELETED } else { self.chance.below(9) };
                let hidden = if before == DELETED { Hidden::Deleted } else { Hidden::Before(before) };
                let mut mark = Box::pin(log.hide(stream.clone(), hidden));
                if mark.poll_unpin(&mut Context::from_waker(Waker::noop())).is_ready() {
                    return Err("a mark was answered by nobody".into());
                }
                marks.push(mark);
                asked.push(Asked::Hide(stream, before));
                continue;
            }
            let count = if alone { 1 } else { self.chance.between(1, 3) };
            let large = self.chance.one_in(10);
            let units = self.units(count, large);
            let payloads = units.iter().flat_map(|unit| &unit.writes).flat_map(|write| &write.events);
            let bytes: usize = payloads.map(|event| event.payload.len() + RECORD_OVERHEAD_BYTES).sum();
            running.crew.queued_bytes.set(running.crew.queued_bytes.get() + bytes as u64);
            let (waiter, answer) = oneshot::channel();
            match log.append_for(units.clone(), Box::new(waiter)).now_or_never() {
                Some(Ok(())) => asked.push(Asked::Append(units, answer)),
                other => return Err(format!("an append was not taken: {other:?}")),
            }
        }
        // The others may come first, and the writer while they wait.
        match self.chance.below(5) {
            0 => running.crew.zero(),
            1 => running.crew.seal(),
            2 => running.crew.keep(),
            _ => {}
        }
        running.crew.write();
        let mut marks = marks.into_iter();
        for asked in asked {
            match asked {
                Asked::Append(units, mut answer) => self.appended(log, units, answer.try_recv())?,
                Asked::Hide(stream, before) => {
                    let answer = marks.next().and_then(FutureExt::now_or_never);
                    self.hidden(log, &stream, before, answer)?;
                }
            }
        }
        Ok(())
    }

    fn disk_may_misread(&self) -> bool {
        matches!(self.disk.planned_or_happened(), Some(Trouble::Read | Trouble::ReadFlip))
    }

    fn appended(
        &mut self,
        log: &Log,
        units: Vec<RawUnit>,
        answer: Result<Answer, oneshot::error::TryRecvError>,
    ) -> Result<(), String> {
        let now = self.clock.now();
        let operations = self.disk.operations();
        self.tell(|| format!("{operations}: {} units were answered {answer:?}", units.len()));
        let failed = self.disk.is_off() || log.follow().borrow().end == Some(End::Failed);
        match answer {
            Ok(Ok(answers)) => self.model.answered(&units, now, &answers),
            Ok(Err(LogFault::Full)) => Ok(()),
            Ok(Err(LogFault::Failed(_))) if failed => {
                self.model.unresolved.push(Unresolved { units, now });
                Ok(())
            }
            // A read failed while the unit was judged: it was not appended, and the log goes on.
            Ok(Err(LogFault::Failed(_))) if self.disk_may_misread() => Ok(()),
            other => Err(format!("an append was answered {other:?}")),
        }
    }

    fn hidden(
        &mut self,
        log: &Log,
        stream: &StreamName,
        before: u64,
        answer: Option<Result<(), LogFault>>,
    ) -> Result<(), String> {
        let failed = self.disk.is_off() || log.follow().borrow().end == Some(End::Failed);
        self.tell(|| format!("{stream} hidden before {before}: {answer:?}"));
        match answer {
            Some(Ok(())) => {
                let there = self.model.hidden.entry(stream.as_str().to_owned()).or_default();
                *there = before.max(*there);
                Ok(())
            }
            Some(Err(LogFault::Full)) => Ok(()),
            Some(Err(LogFault::Failed(_))) if failed => {
                self.model.unresolved_marks.push((stream.as_str().to_owned(), before));
                Ok(())
            }
            other => Err(format!("a mark was answered {other:?}")),
        }
    }

    fn units(&mut self, count: u64, large: bool) -> Vec<RawUnit> {
        (0..count).map(|_| self.unit(large)).collect()
    }

    fn unit(&mut self, large: bool) -> RawUnit {
        let first = self.chance.below(STREAMS);
        let writes = (0..self.chance.between(1, 2)).map(|n| {
            let stream = stream(((first + n) % STREAMS).into());
            let expected = self.expected(&stream);
            let events = (0..self.chance.between(1, 3)).map(|_| self.event(large)).collect();
            RawWrite { stream, expected, events }
        });
        let mut writes: Vec<_> = writes.collect();
        if self.chance.one_in(20) {
            // An id that may be there, or that a unit before in the same call has. None that may be forgotten.
            let known = id(self.chance.between(1, (self.ids as u64).saturating_sub(9).max(1)).into());
            let there = self.model.events.iter().find(|event| event.id == known);
            if there.is_none_or(|event| !self.model.is_forgettable(event)) {
                writes[0].events[0].id = known;
            }
        }
        let mut checks = Vec::new();
        if self.chance.one_in(4) {
            let stream = stream(self.chance.below(STREAMS).into());
            let expected = self.expected(&stream);
            checks.push(check(stream, expected));
        }
        RawUnit { writes, checks }
    }

    /// Mostly what is true before this call, sometimes not.
    fn expected(&mut self, stream: &StreamName) -> Expected {
        let count = self.model.events.iter().filter(|event| event.stream == stream.as_str()).count() as u64;
        match self.chance.below(12) {
            0 => Expected::NoStream,
            1 => Expected::Exactly(self.chance.below(count + 2)),
            2..6 => Expected::at(count.checked_sub(1)),
            _ => Expected::Any,
        }
    }

    fn event(&mut self, large: bool) -> RawEvent {
        self.ids += 1;
        let bytes = match (large, self.chance.below(12)) {
            (true, _) => self.chance.between(500, 6000),
            (false, 0) => self.chance.between(200, 1500),
            (false, _) => self.chance.below(60),
        };
        let fill = self.chance.between(1, 255) as u8;
        RawEvent {
            id: id(self.ids),
            event_type: Cow::Borrowed("MemberJoined"),
            schema_version: 1,
            occurred_at: None,
            actor: None,
            correlation_id: Uuid::from_u64_pair(7, bytes),
            causation_id: None,
            fingerprint: None,
            payload: vec![fill; bytes as usize].into(),
        }
    }

    /// Everything that can be asked, without trouble: all of it must be right.
    fn compare(&mut self, log: &Log) -> Result<(), String> {
        let found = everything(log, &self.model).map_err(|fault| format!("reading everything: {fault}"))?;
        self.model.has(&found)?;
        for _ in 0..3 {
            self.look(log)?;
        }
        Ok(())
    }

    /// One question. Its answer is right, or, where the disk misreads, a fault.
    fn look(&mut self, log: &Log) -> Result<(), String> {
        let excused = self.disk_may_misread() || self.disk.is_off();
        let answered = match self.chance.below(5) {
            0 => self.looks_by_position(log),
            1 => self.looks_at_positions(log),
            2 => self.looks_for_ids(log),
            3 => self.looks_at_revisions(log),
            _ => self.looks_at_a_stream(log),
        };
        match answered {
            Ok(Ok(())) => Ok(()),
            Ok(Err(wrong)) => Err(wrong),
            Err(_) if excused => Ok(()),
            Err(fault) => Err(format!("a question was answered with {fault:?}")),
        }
    }

    fn looks_by_position(&mut self, log: &Log) -> Result<Result<(), String>, SourceFault> {
        let head = self.model.events.len() as u64;
        let (from, most) = (self.chance.below(head + 2), self.chance.below(20) as usize);
        let direction = self.chance.pick(&[Direction::Forward, Direction::Backward]);
        let mut found = Vec::new();
        log.history().scan(Position(from), direction, most, |record| {
            found.push(known(&record));
            ControlFlow::Continue(())
        })?;
        let expected: Vec<Known> = match direction {
            Direction::Forward => self.model.events.iter().filter(|e| e.position > from).take(most).cloned().collect(),
            Direction::Backward => {
                self.model.events.iter().rev().filter(|e| e.position < from).take(most).cloned().collect()
            }
        };
        Ok(self.model.same(&found, &expected))
    }

    fn looks_at_positions(&mut self, log: &Log) -> Result<Result<(), String>, SourceFault> {
        let head = self.model.events.len() as u64;
        let positions: Vec<Position> = (0..4).map(|_| Position(self.chance.below(head + 3))).collect();
        let mut found = Vec::new();
        log.history().read_positions(&positions, |record| {
            found.push(known(&record));
            Ok(())
        })?;
        let there = positions.iter().filter_map(|at| self.model.events.get((at.0 as usize).checked_sub(1)?));
        // What is a stub is not shown.
        let mut shown = found.iter().map(|event| event.position).peekable();
        let mut is_shown =
            |event: &Known| shown.next_if_eq(&event.position).is_some() || !self.model.may_be_a_stub(event);
        let expected: Vec<Known> = there.filter(|event| is_shown(event)).cloned().collect();
        Ok(self.model.same(&found, &expected))
    }

    fn looks_for_ids(&mut self, log: &Log) -> Result<Result<(), String>, SourceFault> {
        let ids: Vec<_> = (0..4).map(|_| id((self.chance.below(self.ids as u64 + 3)).into())).collect();
        let found = log.find(&ids)?;
        let there = |id| self.model.events.iter().find(|e| e.id == id);
        let forgotten = |(id, found): (_, &Option<_>)| {
            there(id).filter(|event| found.is_some() || !self.model.is_forgettable(event)).map(|e| Position(e.position))
        };
        let expected: Vec<_> = ids.iter().copied().zip(&found).map(forgotten).collect();
        Ok(if found == expected { Ok(()) } else { Err(format!("{ids:?} are at {found:?} instead of {expected:?}")) })
    }

    fn looks_at_revisions(&mut self, log: &Log) -> Result<Result<(), String>, SourceFault> {
        let streams: Vec<_> = (0..=STREAMS).map(|n| stream(n.into())).collect();
        let found = log.revisions(&streams)?;
        let newest = |name: &StreamName| {
            let of = self.model.events.iter().filter(|e| e.stream == name.as_str());
            of.map(|e| e.revision).next_back()
        };
        let expected: Vec<_> = streams.iter().map(newest).collect();
        Ok(if found == expected { Ok(()) } else { Err(format!("revisions {found:?} instead of {expected:?}")) })
    }

    fn looks_at_a_stream(&mut self, log: &Log) -> Result<Result<(), String>, SourceFault> {
        let name = stream(self.chance.below(STREAMS).into());
        let (from, limit) = (self.chance.below(12), self.chance.between(1, 8) as usize);
        let direction = self.chance.pick(&[Direction::Forward, Direction::Backward]);
        let mut found = Vec::new();
        log.history().read_stream(&name, from, direction, limit, |record| {
            found.push(known(&record));
            Ok(())
        })?;
        let (lowest, now) = (self.model.lowest(name.as_str()), self.clock.now());
        let of = self.model.events.iter().filter(|e| e.stream == name.as_str() && e.revision >= lowest);
        // Time that went back does not bring an event back of which a stub is left.
        let is_gone =
            |e: &Known| Model::is_aged(e, self.model.latest) && !found.iter().any(|f| f.position == e.position);
        let of = of.filter(|e| !Model::is_aged(e, now) && !is_gone(e));
        let expected: Vec<Known> = match direction {
            Direction::Forward => of.filter(|e| e.revision >= from).take(limit).cloned().collect(),
            Direction::Backward => of.rev().filter(|e| e.revision <= from).take(limit).cloned().collect(),
        };
        Ok(self.model.same(&found, &expected))
    }
}

/// What a reader is told of a record.
pub fn known(record: &RecordRef<'_>) -> Known {
    Known {
        position: record.position().0,
        stream: record.stream().to_owned(),
        revision: record.revision(),
        id: record.id(),
        recorded_at: record.recorded_at(),
        payload: record.payload().to_vec(),
        last_of_unit: record.last_of_unit(),
        commitment: record.is_stub().then(|| record.commitment()),
        is_stub: record.is_stub(),
    }
}

/// Everything, as reading the whole log gives it, with what proves it where the model does not know that yet.
fn everything(log: &Log, model: &Model) -> Result<Vec<Known>, SourceFault> {
    let mut all = Vec::new();
    log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
        let proven = model.events.get(all.len()).and_then(|event| event.commitment);
        let commitment = if record.is_stub() { None } else { proven }.or_else(|| Some(record.commitment()));
        all.push(Known { commitment, ..known(&record) });
        ControlFlow::Continue(())
    })?;
    Ok(all)
}
