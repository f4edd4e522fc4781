//! NATS is killed under load, comes back, and comes back wiped: everything converges.

use futures_util::future::join_all;
use tests::matchers::assert_gapless;
use tests::process::Nats;
use tests::world::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_nats_under_load_delays_projections_and_changes_nothing_else() {
    for wiped in [false, true] {
        let Some(mut nats) = Nats::start().await else { return };
        let Some(world) = World::production_over(nats.url()).await else { return };
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mut feed = carol.feed().await;
        let people = [&alice, &bob, &carol];
        let burst = |from: usize| {
            let sends = (from..from + 60).map(|number| {
                let (person, room) = (people[number % 3], &room);
                async move { person.sends(&number.to_string(), room).await }
            });
            join_all(sends)
        };
        burst(0).await;
        tokio::join!(burst(60), nats.kill());
        burst(120).await;
        tokio::join!(burst(180), nats.starts_again(wiped));
        burst(240).await;

        let timeline = bob.timeline(&room).await;
        assert_gapless(&timeline);
        assert_eq!(timeline.len(), 300);
        for seq in 1..=300_u64 {
            assert_eq!(feed.event("message.sent").await["seq"], seq, "the feed misses nothing and repeats nothing");
        }
        feed.closes().await;
        world.done().await;
    }
}
