//! From a decision to a unit: events with their ids, and an expectation for every stream that the decision rests on.

use super::decide::Used;
use super::job::Job;
use super::working::Working;
use super::{Executor, Failure};
use crate::log::{Check, Expected, NewEvent, Unit, Write};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::EventId;
use domain::stream::StreamName;
use uuid::{NoContext, Timestamp, Uuid};

impl Executor {
    /// The unit of a decision, on the revisions that the streams have in this round.
    pub(super) fn unit(
        &self,
        job: &Job,
        events: Vec<(StreamName, Event)>,
        used: &[Used],
        working: &Working,
    ) -> Result<Unit, Failure> {
        let mut writes: Vec<Write> = Vec::with_capacity(1);
        for (stream, event) in events {
            let index = match writes.iter().position(|write| write.stream == stream) {
                Some(index) => index,
                None => {
                    let Some(revision) = working.revision(&stream) else {
                        let command = job.command.name();
                        tracing::error!(command, category = stream.category().as_str(), "wrote a stream unread");
                        return Err(Failure::Aborted);
                    };
                    writes.push(Write { stream, expected: Expected::at(revision), events: Vec::with_capacity(1) });
                    writes.len() - 1
                }
            };
            writes[index].events.push(self.new_event(job, event));
        }
        self.number(job, &mut writes);
        let is_written = |used: &Used| writes.iter().any(|write| write.stream == used.stream);
        let checks = used
            .iter()
            .filter(|used| used.is_checked && !is_written(used))
            .map(|used| Check { stream: used.stream.clone(), expected: Expected::at(used.revision) })
            .collect();
        Ok(Unit { writes, checks })
    }

    fn new_event(&self, job: &Job, event: Event) -> NewEvent {
        NewEvent {
            id: EventId::new(Uuid::nil()),
            occurred_at: job.envelope.import.as_ref().map(|import| import.at),
            actor: job.envelope.actor,
            correlation_id: job.envelope.correlation_id,
            causation_id: job.envelope.causation_id,
            fingerprint: None,
            event,
        }
    }

    /// Gives the events their ids, in the order of the unit: those that the key leads to, or fresh ones.
    fn number(&self, job: &Job, writes: &mut [Write]) {
        let events = writes.iter_mut().flat_map(|write| &mut write.events);
        match &job.claim {
            Some(claim) => {
                for (ordinal, event) in events.enumerate() {
                    event.id = self.event_id(&claim.scope, ordinal);
                    event.fingerprint = (ordinal == 0).then_some(claim.fingerprint);
                }
            }
            None => {
                let now = self.clock.now();
                events.for_each(|event| event.id = fresh_id(now));
            }
        }
    }
}

fn fresh_id(now: Time) -> EventId {
    let micros = now.micros().max(0).unsigned_abs();
    let nanos = u32::try_from(micros % 1_000_000).unwrap_or(0) * 1_000;
    EventId::new(Uuid::new_v7(Timestamp::from_unix(NoContext, micros / 1_000_000, nanos)))
}
