//! From units of events to units of bytes, and from where the writer put them to recorded events, without decoding.

use super::append::{Placed, RawAppended, RawUnit, RawWrite, Waiter};
use super::record::RawEvent;
use super::ring::Ring;
use crate::codec;
use crate::seal::sealing::Unsealed;
use crate::seal::vault::Vault;
use commands::log::{Appended, LogFault, NewEvent, Unit};
use domain::ids::Position;
use domain::recorded::Recorded;
use domain::stream::StreamName;
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What a call of append is answered.
pub type Answer = Result<Vec<Appended>, LogFault>;

/// Seals the words of every event. A key is durable before this returns.
pub async fn seal(vault: &Vault, units: Vec<Unit>) -> Result<Vec<Unit>, LogFault> {
    let events = units.iter().flat_map(|unit| &unit.writes).flat_map(|write| {
        let of = |new: &NewEvent| Unsealed { stream: write.stream.clone(), id: new.id, event: new.event.clone() };
        write.events.iter().map(of)
    });
    let sealed = vault.seal_all(events.collect()).await.map_err(|fault| LogFault::Keys(fault.to_string()))?;
    let mut sealed = sealed.into_iter();
    let mut units = units;
    for new in units.iter_mut().flat_map(|unit| &mut unit.writes).flat_map(|write| &mut write.events) {
        new.event = sealed.next().ok_or_else(|| LogFault::Keys("an event was not sealed".into()))?;
    }
    Ok(units)
}

/// An event on its way: everything of its record but its place.
struct Underway {
    new: NewEvent,
    payload_bytes: usize,
}

/// Turns places into recorded events, feeds the ring, and answers.
pub struct Appending {
    units: Vec<Vec<(StreamName, Vec<Underway>)>>,
    committed: Vec<Vec<Arc<Recorded>>>,
    ring: Arc<Ring>,
    answer: oneshot::Sender<Answer>,
}

/// The bytes of sealed units, and who waits for them.
pub fn prepare(
    units: Vec<Unit>,
    ring: Arc<Ring>,
    answer: oneshot::Sender<Answer>,
) -> Result<(Vec<RawUnit>, Appending), LogFault> {
    let mut raw_units = Vec::with_capacity(units.len());
    let mut underway = Vec::with_capacity(units.len());
    for unit in units {
        let mut writes = Vec::with_capacity(unit.writes.len());
        let mut kept = Vec::with_capacity(unit.writes.len());
        for write in unit.writes {
            let events = write.events.iter().map(to_raw).collect::<Result<Vec<_>, _>>()?;
            let sizes = events.iter().map(|event| event.payload.len());
            let of_write = write.events.into_iter().zip(sizes);
            let of_write = of_write.map(|(new, payload_bytes)| Underway { new, payload_bytes }).collect();
            kept.push((write.stream.clone(), of_write));
            writes.push(RawWrite { stream: write.stream, expected: write.expected, events });
        }
        raw_units.push(RawUnit { writes, checks: unit.checks });
        underway.push(kept);
    }
    let committed = underway.iter().map(|_| Vec::new()).collect();
    Ok((raw_units, Appending { units: underway, committed, ring, answer }))
}

fn to_raw(new: &NewEvent) -> Result<RawEvent, LogFault> {
    let event_type = new.event.event_type();
    Ok(RawEvent {
        id: new.id,
        event_type: Cow::Borrowed(event_type.as_str()),
        schema_version: codec::schema_version(event_type),
        occurred_at: new.occurred_at,
        actor: new.actor,
        correlation_id: new.correlation_id,
        causation_id: new.causation_id,
        fingerprint: new.fingerprint,
        payload: codec::encode(&new.event).map_err(|fault| LogFault::Keys(fault.to_string()))?.into(),
    })
}

impl Waiter for Appending {
    fn committed(&mut self, unit: usize, placed: &Placed) {
        let Some(writes) = self.units.get_mut(unit).map(std::mem::take) else { return };
        let mut position = placed.first.0;
        let mut recorded = Vec::new();
        for ((stream, events), first) in writes.into_iter().zip(&placed.revisions) {
            for (event, revision) in events.into_iter().zip(*first..) {
                let bytes = event.payload_bytes;
                recorded.push((event.recorded(stream.clone(), Position(position), revision, placed), bytes));
                position += 1;
            }
        }
        self.ring.push(recorded.iter().cloned());
        if let Some(committed) = self.committed.get_mut(unit) {
            *committed = recorded.into_iter().map(|(event, _)| event).collect();
        }
    }

    fn answer(self: Box<Self>, answer: Result<Vec<RawAppended>, LogFault>) {
        let of_unit = |(raw, committed)| match raw {
            RawAppended::Committed(_) => Appended::Committed(committed),
            RawAppended::Duplicate(position) => Appended::Duplicate(position),
            RawAppended::Conflict { stream, actual } => Appended::Conflict { stream, actual },
            RawAppended::TooLarge => Appended::TooLarge,
            RawAppended::Deleted { stream } => Appended::Deleted { stream },
        };
        let Self { committed, answer: waiting, .. } = *self;
        let answer = answer.map(|answers| answers.into_iter().zip(committed).map(of_unit).collect());
        // Whoever asked may have gone; the events stay.
        drop(waiting.send(answer));
    }
}

impl Underway {
    fn recorded(self, stream: StreamName, position: Position, revision: u64, placed: &Placed) -> Arc<Recorded> {
        let new = self.new;
        Arc::new(Recorded {
            position,
            stream,
            revision,
            id: new.id,
            schema_version: codec::schema_version(new.event.event_type()),
            occurred_at: new.occurred_at.unwrap_or(placed.recorded_at),
            recorded_at: placed.recorded_at,
            actor: new.actor,
            correlation_id: new.correlation_id,
            causation_id: new.causation_id,
            fingerprint: new.fingerprint,
            event: new.event,
        })
    }
}
