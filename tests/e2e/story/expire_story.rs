//! The end of a story, to the second, and the policy that records it.

use domain::event::EventType;
use domain::ids::Position;
use domain::source::{Direction, Filter};
use tests::both_modes;
use tests::wait::eventually;
use tests::world::World;

async fn expired(world: &World) -> usize {
    let filter = Filter { types: vec![EventType::StoryExpired], ..Filter::default() };
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 100, &filter).await;
    slice.expect("the log").events.len()
}

both_modes! {
    async fn after_a_day_nobody_sees_it_and_its_end_is_recorded_once(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let story = alice.posts_story("Sunny today").await;
        let path = format!("/v1/stories/{}", story["id"].as_str().unwrap());
        world.clock.advance(24 * 60 * 60 - 30);
        let bob = bob.signs_in().await;
        bob.get(&path).await.ok(200);
        assert_eq!(expired(world).await, 0);

        world.clock.advance(31);
        bob.get(&path).await.problem(404, "NOT_FOUND");
        assert!(bob.all(&format!("/v1/accounts/{}/stories?limit=10", alice.id)).await.is_empty());
        eventually("the policy records the end", || async { (expired(world).await == 1).then_some(()) }).await;
        world.restarts().await;
        let bob = tests::person::Person { http: world.http.clone(), ..bob };
        bob.get(&path).await.problem(404, "NOT_FOUND");
        assert_eq!(expired(world).await, 1);
    }

    async fn a_story_that_ended_while_nothing_ran_is_recorded_after_the_start(world: &mut World) {
        let alice = world.registers("alice").await;
        alice.posts_story("Sunny today").await;
        world.clock.advance(24 * 60 * 60 + 1);
        world.restarts().await;
        eventually("the policy records the end", || async { (expired(world).await == 1).then_some(()) }).await;
    }
}
