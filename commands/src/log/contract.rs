//! What every adapter of the log must answer alike: the in-memory twin, the embedded log, those to come.
//!
//! Each case gets an empty log. Words are left out where they do not matter, so that it makes no difference whether
//! the adapter seals them.

#![expect(clippy::unwrap_used, reason = "a suite of tests, outside of cfg(test) so that other crates can run it")]

mod appending;
mod reading;
mod retention;
mod subscribing;

use crate::log::{Appended, Check, EventLog, Expected, NewEvent, Unit, Write};
use domain::clock::{Clock, Time};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, EventId, Position};
use domain::message::event::ReactionAdded;
use domain::recorded::Recorded;
use domain::source::BoxFuture;
use domain::stream::StreamName;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

/// A clock that stands still until it is moved.
pub struct StandingClock(AtomicI64);

impl Default for StandingClock {
    fn default() -> Self {
        Self(AtomicI64::new(1_700_000_000_000_000))
    }
}

impl StandingClock {
    /// Moves it, back when negative.
    pub fn move_by_seconds(&self, seconds: i64) {
        self.0.store(self.now().plus_seconds(seconds).micros(), Ordering::SeqCst);
    }
}

impl Clock for StandingClock {
    fn now(&self) -> Time {
        Time::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// An empty log and the clock that it goes by.
#[derive(Clone)]
pub struct Subject {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// Its clock.
    pub clock: Arc<StandingClock>,
}

/// One case: a sentence, and what panics when it is not true. Needs a runtime of several threads.
pub type Case = (&'static str, fn(Subject) -> BoxFuture<'static, ()>);

macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => {
        /// Every case.
        pub const CASES: &[Case] = &[$($((
            concat!(stringify!($module), "::", stringify!($case)),
            |subject| Box::pin($module::$case(subject)),
        ),)*)*];
    };
}

cases! {
    appending:
        an_expectation_that_holds_commits
        an_expectation_that_does_not_hold_changes_nothing
        a_check_that_does_not_hold_changes_nothing
        a_unit_is_in_the_log_as_a_whole_or_not_at_all
        units_of_one_call_are_judged_on_what_those_before_them_wrote
        a_unit_that_falls_does_not_take_others_with_it
        what_was_to_stand_after_a_unit_that_falls_falls_too
        a_known_id_is_a_duplicate_whatever_is_expected
        an_id_that_is_repeated_within_one_call_is_a_duplicate
        an_oversized_event_is_refused_and_the_log_goes_on
        the_envelope_is_kept
        recorded_times_never_decrease
        concurrent_appends_leave_no_gap;
    reading:
        an_empty_log_is_empty
        a_stream_is_read_in_both_directions_within_limits
        the_log_is_read_in_both_directions_page_by_page
        a_filter_gives_what_matches_and_ends
        positions_are_read_in_the_asked_order
        ids_are_found_where_they_are
        revisions_are_those_of_the_newest_events;
    retention:
        a_stream_with_a_max_count_shows_its_newest_event_only
        a_stream_with_a_max_age_shows_what_is_young
        a_truncated_stream_shows_the_rest_and_goes_on
        a_deleted_stream_shows_nothing_and_takes_nothing
        whoever_reads_the_whole_log_passes_over_deleted_streams_and_reaches_its_head;
    subscribing:
        a_subscription_catches_up_and_stays_live
        subscriptions_have_neither_gap_nor_repeat_under_concurrent_appends;
}

/// The stream of story number `n`: nothing hides its events.
fn stream(n: u128) -> StreamName {
    StreamName::story(domain::ids::StoryId::new(Uuid::from_u128(n)))
}

fn conversation(n: u128) -> StreamName {
    StreamName::conversation(ConversationId::new(Uuid::from_u128(n)))
}

/// A fresh event without words.
fn new() -> NewEvent {
    let account = AccountId::new(Uuid::from_u128(7));
    new_of(ReactionAdded { account, emoji: ":parrot:".into() })
}

fn new_of(event: impl Into<Event>) -> NewEvent {
    NewEvent {
        id: EventId::new(Uuid::now_v7()),
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
        fingerprint: None,
        event: event.into(),
    }
}

fn write(stream: StreamName, expected: Expected, events: impl IntoIterator<Item = NewEvent>) -> Write {
    Write { stream, expected, events: events.into_iter().collect() }
}

fn unit(stream: StreamName, expected: Expected, events: impl IntoIterator<Item = NewEvent>) -> Unit {
    Unit { writes: vec![write(stream, expected, events)], checks: vec![] }
}

fn checked(mut unit: Unit, stream: StreamName, expected: Expected) -> Unit {
    unit.checks.push(Check { stream, expected });
    unit
}

impl Subject {
    async fn append(&self, units: impl IntoIterator<Item = Unit>) -> Vec<Appended> {
        self.log.append(units.into_iter().collect()).await.unwrap()
    }

    /// Appends one unit that must be committed.
    async fn commit(&self, unit: Unit) -> Vec<Arc<Recorded>> {
        committed(self.append([unit]).await.remove(0))
    }

    /// Appends `count` fresh events to a stream.
    async fn fill(&self, stream: StreamName, count: usize) -> Vec<Arc<Recorded>> {
        self.commit(unit(stream, Expected::Any, (0..count).map(|_| new()))).await
    }

    async fn revision(&self, stream: StreamName) -> Option<u64> {
        self.log.revisions(&[stream]).await.unwrap()[0]
    }
}

fn committed(appended: Appended) -> Vec<Arc<Recorded>> {
    match appended {
        Appended::Committed(events) => events,
        other => panic!("not committed: {other:?}"),
    }
}

/// The stream that a unit fell over and its newest revision.
fn conflict(appended: Appended) -> (StreamName, Option<u64>) {
    match appended {
        Appended::Conflict { stream, actual } => (stream, actual),
        other => panic!("no conflict: {other:?}"),
    }
}

fn positions(events: &[Arc<Recorded>]) -> Vec<Position> {
    events.iter().map(|event| event.position).collect()
}

fn revisions(events: &[Arc<Recorded>]) -> Vec<u64> {
    events.iter().map(|event| event.revision).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::memory::MemoryLog;
    use domain::ids::LogId;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_in_memory_twin_keeps_the_contract() {
        for (_, case) in CASES {
            let clock = Arc::new(StandingClock::default());
            let log = MemoryLog::new(LogId::new(Uuid::from_u128(1)), clock.clone());
            case(Subject { log, clock }).await;
        }
    }
}
