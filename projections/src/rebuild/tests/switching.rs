//! Rebuilt beside, compared, switched in one step, while questions are asked.

use super::rig::{MOMENT, eventually_known, execute, live_ones, quick, rebuild, status};
use crate::conversation::messaging::apply::Messaging;
use crate::copies::{Copies, CopyId, Standing};
use crate::projection::{ALL, MESSAGING, Projection, STORIES};
use crate::projections::Options;
use crate::rebuild::Comparison;
use crate::testing::script::{Script, account, conversation, everything};
use crate::testing::world::{Place, Source, World};
use crate::wait::State;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_are_rebuilt_while_events_come_and_queries_are_answered() {
    for place in Place::all("rebuild_all") {
        let script = everything(900, 21);
        let world = World::run_with(&place, Source::new(&script.events[..600], 50), quick()).await;
        world.catches_up().await;
        let asks = async {
            for end in (600..=900).step_by(20) {
                world.source.set(&script.events[..end]);
                let seen = world.projections.messaging().conversation(account(1), conversation(1)).await;
                assert!(seen.is_ok(), "{seen:?}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let (rebuilt, ()) = tokio::join!(rebuild(&world, &ALL, false), asks);
        for one in rebuilt.unwrap() {
            assert!(one.is_switched && matches!(one.comparison, Comparison::Equal(_)), "{one:?}");
        }
        world.catches_up().await;
        let elsewhere = Place::sqlite();
        let replay = World::caught_up(&elsewhere, &script.events, 1000).await;
        assert_eq!(world.hashes().await, replay.hashes().await);
        replay.stop().await;
        world.stop().await;
        let again = World::caught_up(&place, &script.events, 50).await;
        eventually_known(&place, &live_ones(1)).await;
        again.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn what_is_asked_during_a_switch_finishes_on_the_old_copy_which_goes_away_later() {
    for place in Place::all("in_flight") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let options = Options { retire_after: Duration::from_millis(300), ..quick() };
        let world = World::run_with(&place, Source::new(&script.events, 10), options).await;
        world.catches_up().await;
        let old = world.projections.named(MESSAGING).unwrap().lane.serving.now();
        let mut question = old.database.begin_read().await.unwrap();
        question.fetch_all("SELECT 1 FROM conversations", []).await.unwrap();
        rebuild(&world, &[MESSAGING], false).await.unwrap();
        assert_eq!(world.projections.named(MESSAGING).unwrap().lane.serving.now().id.number, 1);
        assert_eq!(question.fetch_all("SELECT 1 FROM memberships", []).await.unwrap().len(), 3);
        drop(question);
        drop(old);
        let wanted: Vec<_> =
            live_ones(0).into_iter().map(|(n, v, _, s)| (n, v, i64::from(n == MESSAGING), s)).collect();
        eventually_known(&place, &wanted).await;
        let view = world.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
        assert_eq!(view.value.unwrap().member_count, 3);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_whose_answer_nobody_waits_for_is_followed_all_the_same() {
    for place in Place::all("broken_off") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        world.catches_up().await;
        let copies = Copies::open(&place.url).await.unwrap();
        let is_switched = || {
            let all = block_in_place(|| Handle::current().block_on(copies.all())).unwrap();
            all.iter().any(|copy| (copy.name.as_str(), copy.number, copy.standing) == (MESSAGING, 1, Standing::Live))
        };
        let mut rebuilding = Box::pin(rebuild(&world, &[MESSAGING], false));
        // Dropped as soon as the catalogue has committed, before the answer is taken.
        let ended = poll_fn(|context| {
            if is_switched() {
                return Poll::Ready(None);
            }
            rebuilding.as_mut().poll(context).map(Some)
        });
        assert_eq!(ended.await.map(|rebuilt| rebuilt.unwrap()), None, "it had ended before it was dropped");
        assert_eq!(world.projections.named(MESSAGING).unwrap().lane.serving.now().id.number, 0);
        drop(rebuilding);
        let followed = async {
            while world.projections.named(MESSAGING).unwrap().lane.serving.now().id.number == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(2), followed).await.expect("the live copy is served");
        script.sends(1, 2, "one", None);
        world.source.set(&script.events);
        world.catches_up().await;
        let elsewhere = World::caught_up(&Place::sqlite(), &script.events, 1000).await;
        assert_eq!(world.hashes().await, elsewhere.hashes().await);
        let again = rebuild(&world, &[MESSAGING], false).await.unwrap();
        assert!(again[0].is_switched, "{again:?}");
        copies.close().await;
        elsewhere.stop().await;
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn rows_that_differ_keep_what_is_served_unless_the_switch_is_forced() {
    for place in Place::all("differs") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        World::caught_up(&place, &script.events, 10).await.stop().await;
        execute(&place, CopyId::first(MESSAGING, Messaging::VERSION), "UPDATE conversations SET member_count = 7")
            .await;
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        world.catches_up().await;
        let count = || async {
            let view = world.projections.messaging().conversation(account(1), conversation(1)).await.unwrap();
            view.value.unwrap().member_count
        };
        let kept = rebuild(&world, &[MESSAGING, STORIES], false).await.unwrap();
        assert!(matches!(kept[0].comparison, Comparison::Differs(_)) && !kept[0].is_switched, "{kept:?}");
        assert!(kept[1].is_switched, "{kept:?}");
        assert_eq!(count().await, 7);
        let forced = rebuild(&world, &[MESSAGING], true).await.unwrap();
        assert!(forced[0].is_switched, "{forced:?}");
        assert_eq!(count().await, 3);
        world.stop().await;
        place.clean().await;
    }
}

#[tokio::test]
async fn a_projection_that_stopped_runs_again_after_a_rebuild_and_nothing_is_compared() {
    for place in Place::all("stopped") {
        let mut script = Script::default();
        script.group(1, &[1, 2, 3]);
        let world = World::run_with(&place, Source::new(&script.events, 10), quick()).await;
        world.catches_up().await;
        execute(&place, CopyId::first(MESSAGING, Messaging::VERSION), "UPDATE checkpoint SET position = 1").await;
        script.sends(1, 1, "one", None);
        world.source.set(&script.events);
        let stopped = async {
            while !matches!(status(&world, MESSAGING), State::Stopped(_)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(MOMENT, stopped).await.expect("it is fenced");
        let rebuilt = rebuild(&world, &[MESSAGING], false).await.unwrap();
        assert!(
            matches!(&rebuilt[0].comparison, Comparison::Impossible(why) if why.contains("stopped")),
            "{rebuilt:?}"
        );
        script.sends(1, 2, "two", None);
        world.source.set(&script.events);
        world.catches_up().await;
        assert_eq!(status(&world, MESSAGING), State::Running);
        world.stop().await;
        place.clean().await;
    }
}
