//! However the log is cut, whatever interrupts, whoever else runs: the rows are those of one replay.

use crate::conversation::messaging::apply::Messaging;
use crate::copies::CopyId;
use crate::database::open::{Purpose, Wanted, open};
use crate::projection::{self, ApplyFault, MESSAGING, Projection, STORIES, Step};
use crate::projections::Projections;
use crate::run::{Lane, Pace, Writer, checkpoint};
use crate::serving::OpenCopy;
use crate::story::stories::Stories;
use crate::testing::script::{LOG, Script, account, conversation, everything, message, story, time_of};
use crate::testing::words::OpenWords;
use crate::testing::world::{Place, Source, World};
use crate::wait::State;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::{LogId, Position};
use domain::message::event::{MessageDeleted, MessageSent};
use domain::proto::message::v1::MessageWords;
use domain::source::EventSource;
use domain::stream::StreamName;
use domain::words::Field;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const MOMENT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn the_state_does_not_depend_on_how_the_log_is_cut_into_batches() {
    let script = everything(600, 7);
    let mut expected = None;
    for (place, batch) in [(Place::sqlite(), 1), (Place::sqlite(), 7), (Place::sqlite(), 1000)]
        .into_iter()
        .chain(Place::postgres("batches").map(|place| (place, 50)))
    {
        let world = World::caught_up(&place, &script.events, batch).await;
        let hashes = world.hashes().await;
        assert_eq!(expected.get_or_insert_with(|| hashes.clone()), &hashes, "batches of {batch}");
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn every_projection_advances_with_every_event() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let world = World::caught_up(&place, &script.events, 10).await;
    for name in projection::ALL {
        assert_eq!(world.projections.progress(name), Some(world.source.head()), "{name}");
    }
    world.stop().await;
}

#[tokio::test]
async fn a_restart_resumes_at_the_checkpoint() {
    for place in Place::all("resume") {
        let script = everything(300, 3);
        let half = &script.events[..150];
        World::caught_up(&place, half, 40).await.stop().await;
        let world = World::caught_up(&place, &script.events, 40).await;
        let (elsewhere, hashes) = (Place::sqlite(), world.hashes().await);
        let replay = World::caught_up(&elsewhere, &script.events, 1000).await;
        assert_eq!(hashes, replay.hashes().await);
        world.stop().await;
        replay.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn what_a_projection_has_already_is_dropped() {
    let place = Place::sqlite();
    let script = everything(200, 11);
    World::caught_up(&place, &script.events[..120], 40).await.stop().await;
    // The transport repeats, and one projection is ahead of the others.
    let wanted = Wanted::copy(CopyId::first(STORIES, Stories::VERSION), Stories::CHANGES, 1, Purpose::Serving);
    let database = open(&place.url, &wanted).await.unwrap();
    let mut step = Step::new(&database, STORIES, Position(120), Position(150));
    Stories::apply(&script.events[120..150], &mut step).await.unwrap();
    step.finish().await.unwrap();
    database.close().await;
    let world = World::run_from(&place, Source::repeating(&script.events, 40, 25), 40).await;
    world.catches_up().await;
    let elsewhere = Place::sqlite();
    let replay = World::caught_up(&elsewhere, &script.events, 1000).await;
    assert_eq!(world.hashes().await, replay.hashes().await);
    world.stop().await;
    replay.stop().await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_neither_rows_nor_checkpoint() {
    for place in Place::all("dropped") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        script.sends(1, 1, "one", None);
        let world = World::run(&place, &[], 10).await;
        let wanted =
            Wanted::copy(CopyId::first(MESSAGING, Messaging::VERSION), Messaging::CHANGES, 1, Purpose::Serving);
        let database = open(&place.url, &wanted).await.unwrap();
        let to = Position(script.events.len() as u64);
        let mut step = Step::new(&database, MESSAGING, Position::START, to);
        Messaging::apply(&script.events, &mut step).await.unwrap();
        drop(step);
        assert_eq!(checkpoint(&database, MESSAGING).await.unwrap().unwrap().0, Position::START);
        database.close().await;

        world.source.set(&script.events);
        world.catches_up().await;
        let view = world.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
        assert_eq!(view.value.unwrap().member_count, 3);
        world.stop().await;
        place.clean().await;
    }
}

/// Whoever tries again asks the checkpoint. A database that lost what it had committed must stop its projection: going on
/// with the batch would skip the events between.
#[tokio::test]
async fn a_checkpoint_that_fell_back_stops_the_projection_and_skips_nothing() {
    for place in Place::all("fell_back") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let (before, batch) = script.events.split_at(2);
        let at = before.last().unwrap().position;
        // Makes the database; its checkpoint is at the start, as after a crash that lost the commit of `before`.
        let world = World::run(&place, &[], 10).await;
        let wanted =
            Wanted::copy(CopyId::first(MESSAGING, Messaging::VERSION), Messaging::CHANGES, 1, Purpose::Serving);
        let database = open(&place.url, &wanted).await.unwrap();
        let copy = OpenCopy {
            id: CopyId::first(MESSAGING, Messaging::VERSION),
            database: database.clone(),
            is_readable: true,
        };
        let lane = Lane::new::<Messaging>(copy, at);
        let writer = Writer {
            copy: lane.serving.now(),
            lane,
            pace: Pace {
                batch_max_events: 10,
                gather: Duration::ZERO,
                observer: None,
                #[cfg(feature = "mutants")]
                mutant: None,
            },
            stop: CancellationToken::new(),
        };
        let tried = writer.attempt(batch, at, true).await;
        assert!(matches!(tried, Err(ApplyFault::Fenced(_))), "{tried:?}");
        assert_eq!(checkpoint(&database, MESSAGING).await.unwrap().unwrap().0, Position::START);
        database.close().await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn of_two_projectors_the_second_is_fenced() {
    for place in Place::all("fence") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let first = World::run(&place, &[], 10).await;
        let second = World::run(&place, &[], 10).await;
        first.source.set(&script.events);
        first.catches_up().await;
        // The second one has not noticed and begins where it was.
        second.source.set(&script.events);
        wait_until(|| second.projections.status().iter().all(|s| matches!(s.state, State::Stopped(_)))).await;
        for status in second.projections.status() {
            let State::Stopped(reason) = status.state else { panic!("{} runs on", status.name) };
            assert!(reason.contains("another process"), "{reason}");
        }
        let view = first.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
        assert_eq!(view.value.unwrap().member_count, 3);
        first.stop().await;
        second.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn rows_of_another_log_need_a_rebuild() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    World::caught_up(&place, &script.events, 10).await.stop().await;
    let other = LogId::new(Uuid::from_u128(77));
    let projections = Projections::open(&place.url, other, Arc::new(OpenWords::default())).await.unwrap();
    for status in projections.status() {
        assert!(matches!(&status.state, State::Stopped(reason) if reason.contains("needs rebuild")), "{status:?}");
        assert!(projections.wait(status.name, Position(99), MOMENT).await.is_err());
    }
    projections.close().await;
    let again = World::caught_up(&place, &script.events, 10).await;
    assert_eq!(again.source.log_id(), LOG);
    again.stop().await;
}

/// A script with an event that `messaging` cannot apply, and the position of the last one before it.
pub(in crate::run) fn unfit() -> (Script, Position) {
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let good = script.sends(1, 1, "one", None);
    script.record(StreamName::message(message(1, 9)), MessageDeleted { deleted_by: account(1), reason: None });
    script.posts(1, 1);
    (script, good)
}

#[tokio::test]
async fn an_event_that_does_not_fit_stops_its_projection_and_no_other() {
    let place = Place::sqlite();
    let (script, good) = unfit();
    let world = World::run(&place, &script.events, 1).await;
    world.projections.wait(STORIES, world.source.head(), MOMENT).await.unwrap();
    wait_until(|| is_stopped(&world.projections, MESSAGING)).await;
    assert_eq!(world.projections.progress(MESSAGING), Some(good));
    assert!(world.projections.wait(MESSAGING, world.source.head(), MOMENT).await.is_err());
    let seen = world.projections.stories().story(account(2), story(1), time_of(1)).await.unwrap();
    assert!(seen.value.is_some());
    world.stop().await;
}

#[tokio::test]
async fn clear_words_are_refused() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let words = Field::Clear(MessageWords { text: "clear".into(), client_ref: None, ciphertext: None });
    let sent = MessageSent { sender: account(1), reply_to: None, words, mentions: vec![], period: None };
    script.record(StreamName::timeline(conversation(1)), sent);
    let world = World::run(&place, &script.events, 1).await;
    wait_until(|| is_stopped(&world.projections, MESSAGING)).await;
    let status = world.projections.status().into_iter().find(|s| s.name == MESSAGING).unwrap();
    assert!(matches!(status.state, State::Stopped(reason) if reason.contains("not sealed")));
    world.stop().await;
}

#[tokio::test]
async fn another_process_sees_how_far_projections_have_come() {
    let Some(place) = Place::postgres("listen") else { return };
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let projector = World::run(&place, &[], 10).await;
    let reader = World::reading(&place).await;
    let waits = reader.projections.wait(MESSAGING, Position(script.events.len() as u64), MOMENT);
    let (reached, ()) = tokio::join!(waits, async { projector.source.set(&script.events) });
    assert_eq!(reached, Ok(Position(script.events.len() as u64)));
    projector.stop().await;
    reader.stop().await;
    place.clean().await;
}

#[tokio::test]
async fn waiting_ends_after_its_time() {
    let place = Place::sqlite();
    let world = World::run(&place, &[], 10).await;
    let behind = world.projections.wait(MESSAGING, Position(1), Duration::from_millis(10)).await.unwrap_err();
    assert_eq!(behind.position, Position::START);
    assert!(world.projections.wait("nothing", Position(0), MOMENT).await.is_err());
    world.stop().await;
}

#[tokio::test]
async fn a_step_that_touches_no_row_moves_the_checkpoint_and_is_fenced_too() {
    for place in Place::all("alone") {
        let world = World::run(&place, &[], 10).await;
        let wanted = Wanted::copy(CopyId::first(STORIES, Stories::VERSION), Stories::CHANGES, 1, Purpose::Serving);
        let database = open(&place.url, &wanted).await.unwrap();
        Step::new(&database, STORIES, Position(0), Position(5)).finish().await.unwrap();
        assert_eq!(checkpoint(&database, STORIES).await.unwrap().unwrap().0, Position(5));
        let late = Step::new(&database, STORIES, Position(0), Position(6)).finish().await;
        assert!(matches!(late, Err(ApplyFault::Fenced(Position(0)))));
        database.close().await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_change_of_role_is_taken_over() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let changed = domain::conversation::event::MemberRoleChanged { account: account(2), role: MemberRole::Admin };
    script.record(StreamName::conversation(conversation(1)), Event::from(changed));
    let world = World::caught_up(&place, &script.events, 2).await;
    let view = world.projections.messaging().conversation(account(2), conversation(1)).await.unwrap();
    assert_eq!(view.value.unwrap().role, MemberRole::Admin);
    world.stop().await;
}

fn is_stopped(projections: &Projections, name: &str) -> bool {
    projections.status().iter().any(|s| s.name == name && matches!(s.state, State::Stopped(_)))
}

async fn wait_until(condition: impl Fn() -> bool) {
    let waited = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(MOMENT, waited).await.expect("the condition holds in time");
}

/// The fault that the crash tests must find: shown here to be one.
#[cfg(feature = "mutants")]
#[tokio::test]
async fn the_mutant_moves_the_checkpoint_without_the_rows() {
    let place = Place::sqlite();
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let world = World::run(&place, &[], 10).await;
    let wanted = Wanted::copy(CopyId::first(MESSAGING, Messaging::VERSION), Messaging::CHANGES, 1, Purpose::Serving);
    let database = open(&place.url, &wanted).await.unwrap();
    let mut step = Step::new(&database, MESSAGING, Position::START, Position(4));
    step.mutate(Some(projection::Mutant::CheckpointOutsideTransaction));
    Messaging::apply(&script.events, &mut step).await.unwrap();
    drop(step);
    assert_eq!(checkpoint(&database, MESSAGING).await.unwrap().unwrap().0, Position(4));
    let view = world.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
    assert_eq!(view.value, None);
    database.close().await;
    world.stop().await;
}
