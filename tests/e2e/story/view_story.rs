//! Views: once for each viewer, counted exactly, told to the author.

use domain::event::Event;
use domain::ids::Position;
use domain::source::{Direction, Filter};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::{assert_time, every};
use tests::person::Person;
use tests::wait::eventually;
use tests::world::World;

async fn viewers(world: &World, count: usize) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(world.registers(&format!("viewer_{number}")).await);
    }
    people
}

fn path(story: &Value) -> String {
    format!("/v1/stories/{}", story["id"].as_str().expect("an id"))
}

/// The counts that the ends of stories recorded.
async fn final_counts(world: &World) -> Vec<u64> {
    let slice = world.app().log.read_all(Position::START, Direction::Forward, 10_000, &Filter::default()).await;
    let events = slice.expect("the log").events;
    let counts = events.iter().filter_map(|recorded| match &recorded.event {
        Event::StoryExpired(e) => Some(e.view_count),
        _ => None,
    });
    counts.collect()
}

both_modes! {
    async fn five_viewers_count_five_however_often_and_at_once_they_look(world: &mut World) {
        let alice = world.registers("alice").await;
        let people = viewers(world, 5).await;
        let story = alice.posts_story("look").await;
        let views = format!("{}/views", path(&story));
        for _ in 0..3 {
            alice.get(&path(&story)).await.ok(200);
            people[0].get(&path(&story)).await.ok(200);
        }
        assert_eq!(alice.get(&path(&story)).await.ok(200)["view_count"], 0, "a fetch is not a look");
        let looks = people.iter().cycle().take(20).map(|person| person.ask("POST", &views).send());
        for reply in join_all(looks).await {
            reply.ok(204);
        }
        alice.ask("POST", &views).send().await.ok(204);
        let hers = alice.get(&path(&story)).await.ok(200);
        assert_eq!((&hers["view_count"], &hers["viewed"]), (&json!(5), &json!(false)));
        let his = people[0].get(&path(&story)).await.ok(200);
        assert_eq!((&his["view_count"], &his["viewed"]), (&Value::Null, &json!(true)));

        // What the end records is what was counted.
        world.clock.advance(24 * 60 * 60 + 1);
        eventually("the end is recorded", || async { (final_counts(world).await == [5]).then_some(()) }).await;
    }

    async fn the_author_is_told_who_and_when_and_nobody_else(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        bob.follows(&alice).await.ok(204);
        let story = alice.posts_story("look").await;
        let views = format!("{}/views", path(&story));
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        bob.post(&views, json!({"duration_ms": 2_500})).await.ok(204);
        bob.post(&views, json!({"duration_ms": 9_999})).await.ok(204);
        carol.post(&views, json!({})).await.ok(204);
        let seen = hers.event("story.viewed").await;
        assert_eq!((&seen["story_id"], &seen["account_id"]), (&story["id"], &json!(bob.id)));
        assert_eq!(seen["duration_ms"], 2_500);
        assert_time(&seen["viewed_at"]);
        assert_eq!(hers.event("story.viewed").await["account_id"], json!(carol.id));
        let mark = bob.posts_story("the end").await;
        let told = his.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        assert_eq!(every(&told, "type"), ["story.posted"]);

        let list = alice.all(&format!("{views}?limit=1")).await;
        assert_eq!(every(&list, "account_id"), [&json!(carol.id), &json!(bob.id)]);
        assert_eq!(every(&list, "duration_ms"), [&Value::Null, &json!(2_500)]);
        bob.get(&views).await.problem(403, "NOT_PERMITTED");
        alice.get(&format!("{views}?cursor=x")).await.problem(400, "BAD_CURSOR");
        hers.closes().await;
        his.closes().await;
    }

    async fn what_does_not_fit_is_refused(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let story = alice.posts_story("look").await;
        let views = format!("{}/views", path(&story));
        bob.post(&views, json!({"duration_ms": 86_400_001_u64})).await.invalid("/duration_ms");
        bob.post(&views, json!({"duration_ms": -1})).await.any_problem();
        bob.post(&views, json!({"seconds": 1})).await.invalid("/seconds");
        bob.ask("POST", "/v1/stories/00000000-0000-7000-8000-000000000000/views").send().await.problem(404, "NOT_FOUND");
        bob.ask("POST", "/v1/stories/x/views").send().await.problem(404, "NOT_FOUND");
        assert_eq!(alice.get(&path(&story)).await.ok(200)["view_count"], 0);
        bob.post(&views, json!({"duration_ms": 86_400_000})).await.ok(204);
    }

    async fn the_feed_shows_unseen_authors_first(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        for author in [&alice, &bob] {
            carol.follows(author).await.ok(204);
        }
        alice.posts_story("older").await;
        let newer = bob.posts_story("newer").await;
        let order = async || {
            let authors = carol.all("/v1/stories/feed?limit=1").await;
            authors.iter().map(|of| of["author_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(order().await, [bob.id.clone(), alice.id.clone()]);
        carol.ask("POST", &format!("{}/views", path(&newer))).send().await.ok(204);
        assert_eq!(order().await, [alice.id.clone(), bob.id.clone()]);
    }
}
