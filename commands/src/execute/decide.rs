//! From a command to its decision: gather what it rests on, open the words it must see, decide.

use super::working::Working;
use super::{Executor, Failure, Stages, Standing};
use crate::command::{Command, Decided, Envelope, Read};
use crate::context::{Context, Names, StateOf, States};
use crate::refusal::Refusal;
use bytes::Bytes;
use domain::event::Event;
use domain::import::event::ImportAdvanced;
use domain::state::State;
use domain::stream::StreamName;
use domain::words::{Content, SealedField};
use std::time::Instant;

/// A stream that a decision rests on.
pub(super) struct Used {
    pub(super) stream: StreamName,
    pub(super) revision: Option<u64>,
    /// Whether the unit must state its revision; not so for facts.
    pub(super) is_checked: bool,
}

/// A decision and what it rests on.
pub(super) struct Decision {
    pub(super) decided: Decided,
    pub(super) used: Vec<Used>,
    /// The units of the same round that it rests on.
    pub(super) rests_on: Vec<usize>,
    /// The command's own stream, when nothing has to change.
    pub(super) standing: Option<Standing>,
}

impl Decision {
    /// The streams and revisions that must be current for a refusal or an "already so".
    pub(super) fn revisions(&self) -> Vec<(StreamName, Option<u64>)> {
        self.used.iter().map(|used| (used.stream.clone(), used.revision)).collect()
    }
}

struct Gathering<'a> {
    executor: &'a Executor,
    working: &'a mut Working,
    states: States,
    used: Vec<Used>,
    rests_on: Vec<usize>,
}

impl Gathering<'_> {
    async fn take(&mut self, read: Read) -> Result<(), Failure> {
        let (stream, is_checked) = match read {
            Read::Event(stream, revision) => {
                self.states.events.extend(self.executor.read_event(&stream, revision).await?);
                return Ok(());
            }
            Read::Write(stream) | Read::Check(stream) => (stream, true),
            Read::Fact(stream) => (stream, false),
        };
        let slot = self.working.slot(self.executor, &stream).await?;
        if let Some(unit) = slot.written_by
            && !self.rests_on.contains(&unit)
        {
            self.rests_on.push(unit);
        }
        self.used.push(Used { stream: stream.clone(), revision: slot.revision, is_checked });
        self.states.streams.push(StateOf { stream, state: slot.state.clone() });
        Ok(())
    }

    async fn take_all(&mut self, reads: Vec<Read>) -> Result<(), Failure> {
        for read in reads {
            self.take(read).await?;
        }
        Ok(())
    }
}

impl Executor {
    /// Decides one command on the states of a round.
    pub(super) async fn decide(
        &self,
        command: &dyn Command,
        envelope: &Envelope,
        primary: &StreamName,
        working: &mut Working,
        stages: &mut Stages,
    ) -> Result<Decision, Failure> {
        let begun = Instant::now();
        let names = Names::new(envelope.actor, self.words()).of_import(envelope.import.as_ref());
        let states = States { streams: Vec::with_capacity(4), events: Vec::new() };
        let used = Vec::with_capacity(4);
        let mut gathering = Gathering { executor: self, working, states, used, rests_on: Vec::new() };
        gathering.take(Read::Write(primary.clone())).await?;
        if let Some(import) = &envelope.import {
            gathering.take(Read::Write(import.stream.clone())).await?;
        }
        gathering.take_all(command.reads(&names)).await?;
        gathering.take_all(command.then_reads(&names, &gathering.states)).await?;
        gathering.take_all(command.last_reads(&names, &gathering.states)).await?;
        let Gathering { states, used, rests_on, .. } = gathering;
        let opened = self.open(command.opens(&states)).await?;
        let loaded = Instant::now();
        let context = Context {
            actor: envelope.actor,
            now: envelope.import.as_ref().map_or_else(|| self.clock.now(), |import| import.at),
            import: envelope.import.as_ref(),
            words: self.words(),
            opened: &opened,
        };
        let revision = used.first().and_then(|primary| primary.revision);
        let decided = decide_with_progress(command, &states, &context);
        // Only now, so that nobody learns in this way what they may not know.
        let decided = decided.and_then(|events| match envelope.expected {
            Some(expected) if !expected.holds(revision) => Err(Refusal::Overtaken),
            _ => Ok(events),
        });
        stages.load += loaded - begun;
        stages.decide += loaded.elapsed();
        // Kept only then: a state that somebody else holds is copied before it evolves.
        let is_so = decided.as_ref().is_ok_and(Vec::is_empty);
        let own = states.streams.into_iter().next().filter(|_| is_so);
        let standing = own.map(|own| Standing { revision, state: own.state });
        Ok(Decision { decided, used, rests_on, standing })
    }

    async fn open(&self, fields: Vec<SealedField>) -> Result<Vec<(SealedField, Content<Bytes>)>, Failure> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let opened = self.words.open(&fields).await?;
        Ok(fields.into_iter().zip(opened).collect())
    }
}

/// Decides, and lets the progress of an import advance with what it brings. An item that the import has passed is
/// already so, whatever its command would say now.
pub(crate) fn decide_with_progress(command: &dyn Command, states: &States, context: &Context<'_>) -> Decided {
    let Some(import) = context.import else { return command.decide(states, context) };
    let last = states.streams.iter().find_map(|of| match &*of.state {
        State::Import(progress) if of.stream == import.stream => progress.last,
        _ => None,
    });
    if last >= Some((import.at, import.step)) {
        return Ok(vec![]);
    }
    let mut events = command.decide(states, context)?;
    let advanced = Event::from(ImportAdvanced { at: import.at, step: import.step });
    events.push((import.stream.clone(), advanced));
    Ok(events)
}
