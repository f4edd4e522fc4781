//! The in-memory twin of the log: the same answers as every adapter, nothing kept. For tests.

use crate::log::{Appended, EventLog, Expected, LogFault, Unit, Write};
use domain::clock::{Clock, Time};
use domain::event::Event;
use domain::ids::{EventId, LogId, Position};
use domain::limits::EVENT_MAX_BYTES;
use domain::recorded::Recorded;
use domain::source::{
    Batch, BoxFuture, Direction, EventSource, Filter, LogSlice, SourceFault, StreamSlice, Subscription,
};
use domain::stream::StreamName;
use domain::words::Field;
use futures_util::stream;
use parking_lot::RwLock;
use prost::Message;
use rustc_hash::FxHashMap;
use std::future::ready;
use std::sync::Arc;
use tokio::sync::watch;

/// Events of one batch of a subscription, at most.
const BATCH_MAX_EVENTS: usize = 256;

/// A log in memory. Its positions are dense; words stay clear in it. As in the embedded log, only reading by stream
/// leaves out what retention and truncation hide, and every way of reading the events of deleted streams, except the
/// newest event of the log.
pub struct MemoryLog {
    id: LogId,
    clock: Arc<dyn Clock>,
    history: Arc<RwLock<History>>,
    head: watch::Sender<Position>,
}

#[derive(Default)]
struct History {
    /// The event at position n is at n - 1.
    events: Vec<Arc<Recorded>>,
    streams: FxHashMap<StreamName, Held>,
    ids: FxHashMap<EventId, Position>,
}

#[derive(Default)]
struct Held {
    /// The event of revision n.
    events: Vec<Arc<Recorded>>,
    truncated_before: u64,
    is_deleted: bool,
}

impl MemoryLog {
    /// An empty log.
    pub fn new(id: LogId, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { id, clock, history: Arc::default(), head: watch::Sender::new(Position::START) })
    }
}

impl EventSource for MemoryLog {
    fn log_id(&self) -> LogId {
        self.id
    }

    fn head(&self) -> Position {
        *self.head.borrow()
    }

    fn read_stream<'a>(
        &'a self,
        stream: &'a StreamName,
        from: u64,
        direction: Direction,
        limit: usize,
    ) -> BoxFuture<'a, Result<StreamSlice, SourceFault>> {
        let slice = self.history.read().stream(stream, from, direction, limit, self.clock.now());
        Box::pin(ready(Ok(slice)))
    }

    fn read_all<'a>(
        &'a self,
        from: Position,
        direction: Direction,
        limit: usize,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<LogSlice, SourceFault>> {
        let slice = self.history.read().all(from, direction, limit, filter);
        Box::pin(ready(Ok(slice)))
    }

    fn read_positions<'a>(
        &'a self,
        positions: &'a [Position],
    ) -> BoxFuture<'a, Result<Vec<Arc<Recorded>>, SourceFault>> {
        let history = self.history.read();
        let events = positions
            .iter()
            .filter_map(|position| history.at(*position))
            .filter(|event| !history.is_deleted(&event.stream));
        let events = events.cloned().collect();
        Box::pin(ready(Ok(events)))
    }

    fn subscribe(&self, after: Position) -> Subscription {
        let (history, head) = (Arc::clone(&self.history), self.head.subscribe());
        Box::pin(stream::unfold((history, head, after), |(history, mut head, after)| async move {
            head.wait_for(|head| *head > after).await.ok()?;
            let batch: Batch = history.read().after(after, BATCH_MAX_EVENTS).into();
            let last = batch.last()?.position;
            Some((Ok(batch), (history, head, last)))
        }))
    }
}

impl EventLog for MemoryLog {
    fn append(&self, units: Vec<Unit>) -> BoxFuture<'_, Result<Vec<Appended>, LogFault>> {
        let mut history = self.history.write();
        let last = history.events.last().map_or(Time::default(), |event| event.recorded_at);
        let now = self.clock.now().max(last);
        let mut fallen = Vec::new();
        let results = units.into_iter().map(|unit| history.append_after(&mut fallen, unit, now)).collect();
        self.head.send_replace(Position(history.events.len() as u64));
        Box::pin(ready(Ok(results)))
    }

    fn find<'a>(&'a self, ids: &'a [EventId]) -> BoxFuture<'a, Result<Vec<Option<Position>>, SourceFault>> {
        let history = self.history.read();
        let positions = ids.iter().map(|id| history.ids.get(id).copied()).collect();
        Box::pin(ready(Ok(positions)))
    }

    fn revisions<'a>(&'a self, streams: &'a [StreamName]) -> BoxFuture<'a, Result<Vec<Option<u64>>, SourceFault>> {
        let history = self.history.read();
        let revisions = streams.iter().map(|stream| history.revision(stream)).collect();
        Box::pin(ready(Ok(revisions)))
    }

    fn truncate<'a>(&'a self, stream: &'a StreamName, before: u64) -> BoxFuture<'a, Result<(), LogFault>> {
        let mut history = self.history.write();
        let held = history.streams.entry(stream.clone()).or_default();
        held.truncated_before = held.truncated_before.max(before);
        Box::pin(ready(Ok(())))
    }

    fn delete<'a>(&'a self, stream: &'a StreamName) -> BoxFuture<'a, Result<(), LogFault>> {
        self.history.write().streams.entry(stream.clone()).or_default().is_deleted = true;
        Box::pin(ready(Ok(())))
    }
}

impl History {
    fn at(&self, position: Position) -> Option<&Arc<Recorded>> {
        self.events.get(usize::try_from(position.0.checked_sub(1)?).ok()?)
    }

    fn after(&self, after: Position, limit: usize) -> Vec<Arc<Recorded>> {
        let skipped = usize::try_from(after.0).unwrap_or(usize::MAX);
        self.events.iter().skip(skipped).filter(|event| self.is_shown(event)).take(limit).cloned().collect()
    }

    fn is_deleted(&self, stream: &StreamName) -> bool {
        self.streams.get(stream).is_some_and(|held| held.is_deleted)
    }

    /// Whether an event is read by position: the newest one is in any case.
    fn is_shown(&self, event: &Recorded) -> bool {
        event.position.0 == self.events.len() as u64 || !self.is_deleted(&event.stream)
    }

    fn revision(&self, stream: &StreamName) -> Option<u64> {
        self.streams.get(stream)?.events.last().map(|event| event.revision)
    }

    fn stream(&self, stream: &StreamName, from: u64, direction: Direction, limit: usize, now: Time) -> StreamSlice {
        let Some(held) = self.streams.get(stream) else { return StreamSlice::default() };
        let revision = self.revision(stream);
        let kept = stream.category().retention();
        let counted = kept.max_count.map_or(0, |count| (held.events.len() as u64).saturating_sub(count));
        let lowest = counted.max(held.truncated_before);
        let seconds = kept.max_age_seconds.map(|age| i64::try_from(age).unwrap_or(i64::MAX));
        let oldest = seconds.map(|age| now.plus_seconds(-age));
        let is_young = |event: &Recorded| oldest.is_none_or(|oldest| event.recorded_at >= oldest);
        let is_shown = |event: &&Arc<Recorded>| !held.is_deleted && event.revision >= lowest && is_young(event);
        let shown = held.events.iter().filter(is_shown);
        let events = match direction {
            Direction::Forward => shown.filter(|event| event.revision >= from).take(limit).cloned().collect(),
            Direction::Backward => shown.rev().filter(|event| event.revision <= from).take(limit).cloned().collect(),
        };
        StreamSlice { events, revision }
    }

    fn all(&self, from: Position, direction: Direction, limit: usize, filter: &Filter) -> LogSlice {
        let split = usize::try_from(from.0).unwrap_or(usize::MAX).min(self.events.len());
        let candidates: Box<dyn Iterator<Item = &Arc<Recorded>>> = match direction {
            Direction::Forward => Box::new(self.events[split..].iter()),
            Direction::Backward if from.0 > self.events.len() as u64 => Box::new(self.events.iter().rev()),
            Direction::Backward => Box::new(self.events[..split.saturating_sub(1)].iter().rev()),
        };
        let mut slice = LogSlice { events: Vec::new(), next: from, at_end: true };
        for event in candidates {
            if slice.events.len() == limit {
                slice.at_end = false;
                break;
            }
            slice.next = event.position;
            if self.is_shown(event) && filter.matches(event.stream.as_str(), event.event.event_type()) {
                slice.events.push(Arc::clone(event));
            }
        }
        slice
    }

    /// `fallen` are the streams that units before it were to write and did not.
    fn append_after(&mut self, fallen: &mut Vec<StreamName>, unit: Unit, now: Time) -> Appended {
        let streams: Vec<StreamName> = unit.writes.iter().map(|write| write.stream.clone()).collect();
        let answer = self.append(fallen, unit, now);
        if !matches!(answer, Appended::Committed(_)) {
            fallen.extend(streams);
        }
        answer
    }

    fn append(&mut self, fallen: &[StreamName], unit: Unit, now: Time) -> Appended {
        let mut ids = unit.writes.iter().flat_map(|write| &write.events).map(|event| event.id);
        if let Some(position) = ids.find_map(|id| self.ids.get(&id).copied()) {
            return Appended::Duplicate(position);
        }
        let mut events = unit.writes.iter().flat_map(|write| &write.events);
        if events.any(|new| size_bytes(&new.event) > EVENT_MAX_BYTES) {
            return Appended::TooLarge;
        }
        if let Some(write) = unit.writes.iter().find(|write| self.is_deleted(&write.stream)) {
            return Appended::Deleted { stream: write.stream.clone() };
        }
        let writes = unit.writes.iter().map(|write| (&write.stream, write.expected));
        let checks = unit.checks.iter().map(|check| (&check.stream, check.expected));
        for (stream, expected) in writes.chain(checks) {
            let actual = self.revision(stream);
            if !expected.holds(actual) || expected != Expected::Any && fallen.contains(stream) {
                return Appended::Conflict { stream: stream.clone(), actual };
            }
        }
        Appended::Committed(unit.writes.into_iter().flat_map(|write| self.write(write, now)).collect())
    }

    fn write(&mut self, write: Write, now: Time) -> Vec<Arc<Recorded>> {
        let held = self.streams.entry(write.stream.clone()).or_default();
        let mut written = Vec::with_capacity(write.events.len());
        for new in write.events {
            let position = Position(self.events.len() as u64 + 1);
            let recorded = Arc::new(Recorded {
                position,
                stream: write.stream.clone(),
                revision: held.events.len() as u64,
                id: new.id,
                schema_version: 1,
                occurred_at: new.occurred_at.unwrap_or(now),
                recorded_at: now,
                actor: new.actor,
                correlation_id: new.correlation_id,
                causation_id: new.causation_id,
                fingerprint: new.fingerprint,
                event: new.event,
            });
            self.ids.insert(new.id, position);
            self.events.push(Arc::clone(&recorded));
            held.events.push(Arc::clone(&recorded));
            written.push(recorded);
        }
        written
    }
}

/// About as many bytes as the event's payload has: its words, which alone can be long.
fn size_bytes(event: &Event) -> usize {
    fn words<T: Message>(field: &Field<T>) -> usize {
        field.clear().map_or(0, Message::encoded_len)
    }
    match event {
        Event::AccountRegistered(e) => words(&e.words) + e.credential.as_ref().map_or(0, words),
        Event::ContentAccessed(e) => words(&e.reason),
        Event::ConversationChanged(e) => words(&e.words),
        Event::ConversationCreated(e) => e.words.as_ref().map_or(0, words),
        Event::DeviceKeyPublished(e) => words(&e.words),
        Event::ErasureRequested(e) => e.reason.as_ref().map_or(0, words),
        Event::JobStarted(e) => e.reason.as_ref().map_or(0, words),
        Event::MessageDeleted(e) => e.reason.as_ref().map_or(0, words),
        Event::MessageEdited(e) => words(&e.words),
        Event::MessageSent(e) => words(&e.words),
        Event::PasswordChanged(e) => words(&e.credential),
        Event::StoryDeleted(e) => e.reason.as_ref().map_or(0, words),
        Event::ProfileChanged(e) => words(&e.words),
        Event::RetentionChanged(e) => e.reason.as_ref().map_or(0, words),
        Event::RoleGranted(e) => e.reason.as_ref().map_or(0, words),
        Event::SessionOpened(e) => e.device.as_ref().map_or(0, words),
        Event::SessionRefreshed(e) => e.device.as_ref().map_or(0, words),
        Event::SettingsChanged(e) => e.time_zone.as_ref().map_or(0, words),
        Event::StoryPosted(e) => words(&e.words),
        Event::AccountErased(_)
        | Event::AccountFollowed(_)
        | Event::AccountUnfollowed(_)
        | Event::AdminsChanged(_)
        | Event::CloseFriendAdded(_)
        | Event::CloseFriendRemoved(_)
        | Event::AccountBlocked(_)
        | Event::AccountUnblocked(_)
        | Event::StoriesHidden(_)
        | Event::StoriesMuted(_)
        | Event::StoriesShown(_)
        | Event::StoriesUnmuted(_)
        | Event::ConversationClosed(_)
        | Event::DeviceKeyRemoved(_)
        | Event::ErasureBegun(_)
        | Event::ErasureCancelled(_)
        | Event::ImportAdvanced(_)
        | Event::JobEnded(_)
        | Event::KeyDestroyed(_)
        | Event::MemberJoined(_)
        | Event::MemberLeft(_)
        | Event::MemberRoleChanged(_)
        | Event::MembershipChanged(_)
        | Event::MessagePinned(_)
        | Event::MessageUnpinned(_)
        | Event::MessagesPurged(_)
        | Event::NotificationsRead(_)
        | Event::ReactionAdded(_)
        | Event::ReactionRemoved(_)
        | Event::ReadMoved(_)
        | Event::SessionRevoked(_)
        | Event::StoryExpired(_)
        | Event::StoryPrivacyChanged(_)
        | Event::StoryViewed(_)
        | Event::UsernameReserved(_) => 0,
    }
}
