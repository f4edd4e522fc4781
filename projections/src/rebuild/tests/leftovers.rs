//! Whatever goes wrong or was there before leaves the served copy served.

use super::rig::{MOMENT, eventually_known, live_ones, quick, rebuild, status, version};
use crate::conversation::messaging::apply::Messaging;
use crate::copies::{Copies, CopyId, Standing};
use crate::database::open::{Purpose, Wanted, open};
use crate::projection::{ALL, MESSAGING, Projection, STORIES};
use crate::projections::{Options, find_checkpoint};
use crate::reader::ReadFault;
use crate::rebuild::{Comparison, Progressed, RebuildFault};
use crate::story::stories::Stories;
use crate::testing::script::{LOG, Script, account, conversation, everything};
use crate::testing::world::{Place, Source, World};
use crate::wait::State;
use domain::ids::{LogId, Position};
use domain::source::EventSource;
use std::time::Duration;
use tokio::sync::watch;
use uuid::Uuid;

#[tokio::test]
async fn rows_of_another_log_answer_nothing_until_they_are_rebuilt() {
    for place in Place::all("other_log") {
        let script = everything(200, 5);
        World::caught_up(&place, &script.events, 10).await.stop().await;
        for copy in ALL {
            execute_on_checkpoint(&place, copy).await;
        }
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        let asked = world.projections.messaging().conversation(account(1), conversation(1)).await;
        assert!(matches!(asked, Err(ReadFault::Unbuilt)), "{asked:?}");
        let rebuilt = rebuild(&world, &ALL, false).await.unwrap();
        assert!(rebuilt.iter().all(|one| matches!(one.comparison, Comparison::Impossible(_)) && one.is_switched));
        world.catches_up().await;
        let elsewhere = Place::sqlite();
        let replay = World::caught_up(&elsewhere, &script.events, 1000).await;
        assert_eq!(world.hashes().await, replay.hashes().await);
        replay.stop().await;
        world.stop().await;
        place.clean().await;
    }
}

/// As if it had been built from another log.
async fn execute_on_checkpoint(place: &Place, name: &'static str) {
    let wanted = Wanted::copy(CopyId::first(name, version(name)), &[], 1, Purpose::Serving);
    let database = match &place.url {
        // The other migrations are there already: sqlx would miss them.
        crate::database::url::DatabaseUrl::Sqlite { directory } => {
            let file = directory.join(format!("{}.db", wanted.label));
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
            let mut connection = sqlx::ConnectOptions::connect(&options).await.unwrap();
            let sql = "UPDATE checkpoint SET log_id = ?1";
            sqlx::query(sql).bind(Uuid::from_u128(77)).execute(&mut connection).await.unwrap();
            return sqlx::Connection::close(connection).await.unwrap();
        }
        crate::database::url::DatabaseUrl::Postgres { url, schema_prefix } => {
            (url.clone(), format!("UPDATE \"{schema_prefix}{}\".checkpoint SET log_id = $1", wanted.label))
        }
    };
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(&database.0).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(database.1))
        .bind(LogId::new(Uuid::from_u128(77)).uuid())
        .execute(&mut connection)
        .await
        .unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_leaves_of_a_rebuild_is_removed_and_the_live_copy_is_served() {
    for place in Place::all("crash") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        World::caught_up(&place, &script.events, 10).await.stop().await;
        let copies = Copies::open(&place.url).await.unwrap();
        // Before its file is made, while it is filled, and when it was live once.
        copies.announce(STORIES, 1).await.unwrap();
        let half = copies.announce(MESSAGING, Messaging::VERSION).await.unwrap();
        let database = open(&place.url, &Wanted::copy(half, Messaging::CHANGES, 1, Purpose::Filling)).await.unwrap();
        database.close().await;
        let next = copies.announce(MESSAGING, Messaging::VERSION).await.unwrap();
        let database = open(&place.url, &Wanted::copy(next, Messaging::CHANGES, 1, Purpose::Filling)).await.unwrap();
        database.close().await;
        assert!(copies.switch(CopyId::first(MESSAGING, Messaging::VERSION), next).await.unwrap());
        assert!(
            !copies.switch(CopyId::first(MESSAGING, Messaging::VERSION), half).await.unwrap(),
            "another one is live meanwhile"
        );
        let unknown = CopyId { number: next.number + 1, ..next };
        assert!(!copies.switch(next, unknown).await.unwrap(), "it was removed meanwhile");
        assert_eq!(copies.live(MESSAGING, Messaging::VERSION).await.unwrap(), next, "never is none live");
        copies.close().await;
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        world.catches_up().await;
        let wanted: Vec<_> = live_ones(0)
            .into_iter()
            .map(|(n, v, number, s)| (n, v, if n == MESSAGING { next.number } else { number }, s))
            .collect();
        eventually_known(&place, &wanted).await;
        let view = world.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
        assert_eq!(view.value.unwrap().member_count, 3);
        world.stop().await;
        place.clean().await;
    }
}

/// As where the catalogue was lost and made again: a copy that it does not know stands where the next one is built.
#[tokio::test]
async fn a_copy_that_nobody_knows_is_no_start_for_a_new_one() {
    for place in Place::all("unknown_copy") {
        let script = everything(100, 5);
        World::caught_up(&place, &script.events, 10).await.stop().await;
        let unknown = CopyId { number: 1, ..CopyId::first(MESSAGING, Messaging::VERSION) };
        let wanted = Wanted::copy(unknown, Messaging::CHANGES, 1, Purpose::Filling);
        let database = open(&place.url, &wanted).await.unwrap();
        find_checkpoint(&database, unknown, LOG).await.unwrap();
        let mut tx = database.begin_write().await.unwrap();
        tx.execute("UPDATE checkpoint SET position = $1", [i64::try_from(script.events.len()).unwrap().into()])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        database.close().await;
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        world.catches_up().await;
        let rebuilt = rebuild(&world, &[MESSAGING], false).await.unwrap();
        assert!(matches!(rebuilt[0].comparison, Comparison::Equal(_)) && rebuilt[0].is_switched, "{rebuilt:?}");
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_rebuild_that_is_dropped_leaves_nothing() {
    for place in Place::all("dropped_rebuild") {
        let script = everything(600, 8);
        let world =
            World::run_with(&place, Source::new(&script.events, 50), Options { fill_events: 1, ..quick() }).await;
        world.catches_up().await;
        let (before, progress) = (world.hashes().await, watch::Sender::new(Progressed::default()));
        let mut seen = progress.subscribe();
        tokio::select! {
            rebuilt = world.projections.rebuild(&ALL, world.source.clone(), false, &progress) => panic!("{rebuilt:?}"),
            _ = seen.wait_for(|progress| progress.done_events > 20) => {}
        }
        assert_eq!(world.hashes().await, before);
        world.stop().await;
        let world = World::run_with(&place, Source::new(&script.events, 50), quick()).await;
        eventually_known(&place, &live_ones(0)).await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn of_two_who_ask_at_once_one_is_told_that_it_is_busy() {
    let places = [Some(Place::sqlite()), Place::postgres("busy")];
    for place in places.into_iter().flatten() {
        let script = everything(300, 4);
        let world = World::run_with(&place, Source::new(&script.events, 50), quick()).await;
        world.catches_up().await;
        let is_postgres = matches!(&place.url, crate::database::url::DatabaseUrl::Postgres { .. });
        // The directory of SQLite has one process: another one would remove what this one fills.
        let other = if is_postgres { Some(World::reading(&place).await) } else { None };
        let (progress, source) = (watch::Sender::new(Progressed::default()), world.source.clone());
        let second = async {
            let projections = &other.as_ref().unwrap_or(&world).projections;
            projections.rebuild(&[MESSAGING], source.clone(), false, &progress).await
        };
        let (first, second) = tokio::join!(rebuild(&world, &[MESSAGING], false), second);
        let outcomes = [first.is_ok(), second.is_ok()];
        assert!(outcomes.contains(&true), "{first:?} {second:?}");
        for failed in [first, second].into_iter().filter_map(Result::err) {
            assert!(matches!(failed, RebuildFault::Busy(_) | RebuildFault::Overtaken(_)), "{failed:?}");
        }
        if let Some(other) = other {
            other.stop().await;
        }
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn another_process_follows_a_switch_and_goes_on() {
    let Some(place) = Place::postgres("follow") else { return };
    let mut script = Script::default();
    script.group(1, &[1, 2, 3]);
    let projector = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
    projector.catches_up().await;
    let reader = World::reading(&place).await;
    // Asked of the process that only reads: the one that applies must move over, too.
    let progress = watch::Sender::new(Progressed::default());
    let rebuilt = reader.projections.rebuild(&[MESSAGING], projector.source.clone(), false, &progress).await.unwrap();
    assert!(rebuilt[0].is_switched, "{rebuilt:?}");
    let moved = async {
        while projector.projections.named(MESSAGING).unwrap().lane.serving.now().id.number != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(MOMENT, moved).await.expect("the projector follows");
    script.sends(1, 1, "one", None);
    projector.source.set(&script.events);
    projector.catches_up().await;
    let head = projector.source.head();
    assert_eq!(reader.projections.wait(MESSAGING, head, MOMENT).await, Ok(head));
    projector.stop().await;
    reader.stop().await;
    place.clean().await;
}

#[tokio::test]
async fn what_has_nothing_yet_is_built_beside_and_answers_nothing_until_then() {
    for place in Place::all("first_build") {
        let script = everything(400, 6);
        let options = Options { build_beside_events: 100, fill_events: 50, ..quick() };
        let world = World::run_with(&place, Source::new(&script.events, 50), options).await;
        assert_eq!(status(&world, MESSAGING), State::Building);
        let asked = world.projections.messaging().conversation(account(1), conversation(1)).await;
        assert!(matches!(asked, Err(ReadFault::Unbuilt)), "{asked:?}");
        world.catches_up().await;
        let elsewhere = Place::sqlite();
        let replay = World::caught_up(&elsewhere, &script.events, 1000).await;
        assert_eq!(world.hashes().await, replay.hashes().await);
        eventually_known(&place, &live_ones(1)).await;
        replay.stop().await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn copies_of_an_older_version_go_away_once_the_newer_one_is_built_and_newer_ones_stay() {
    for place in Place::all("versions") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let copies = Copies::open(&place.url).await.unwrap();
        let newer = Stories::VERSION + 1;
        for version in [0, newer] {
            let copy = copies.live(STORIES, version).await.unwrap();
            let wanted = Wanted::copy(copy, &[], 1, Purpose::Serving);
            open(&place.url, &wanted).await.unwrap().close().await;
        }
        copies.close().await;
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        let mut wanted = live_ones(0);
        wanted.push((STORIES, newer.into(), 0, Standing::Live));
        wanted.sort_unstable_by_key(|(name, version, ..)| (*name, *version));
        eventually_known(&place, &wanted).await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_log_that_lost_events_stops_what_knows_of_them() {
    let place = Place::sqlite();
    let script = everything(100, 2);
    World::caught_up(&place, &script.events, 10).await.stop().await;
    let world = World::run_with(&place, Source::new(&script.events[..60], 10), quick()).await;
    assert!(matches!(status(&world, MESSAGING), State::Stopped(why) if why.contains("needs rebuild")));
    assert_eq!(world.source.log_id(), LOG);
    rebuild(&world, &ALL, false).await.unwrap();
    world.catches_up().await;
    assert_eq!(world.projections.progress(MESSAGING), Some(Position(60)));
    world.stop().await;
}

#[tokio::test]
async fn an_unknown_name_is_refused() {
    let place = Place::sqlite();
    let world = World::run_with(&place, Source::new(&[], 10), quick()).await;
    assert!(matches!(rebuild(&world, &["nothing"], false).await, Err(RebuildFault::Unknown(_))));
    world.stop().await;
}
