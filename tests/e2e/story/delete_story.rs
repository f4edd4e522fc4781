//! Deleting a story.

use domain::account::values::Role;
use domain::event::{Event, EventType};
use domain::ids::Position;
use domain::source::{Direction, Filter};
use domain::words::open_one;
use serde_json::{Value, json};
use tests::both_modes;

fn path(story: &Value) -> String {
    format!("/v1/stories/{}", story["id"].as_str().expect("an id"))
}

both_modes! {
    async fn a_deleted_story_is_gone_for_everybody_at_once(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        bob.follows(&alice).await.ok(204);
        let (story, other) = (alice.posts_story("look").await, alice.posts_story("stays").await);
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        alice.delete(&path(&story)).await.ok(204);
        let gone = json!({"id": story["id"], "author_id": alice.id});
        assert_eq!(hers.event("story.deleted").await, gone);
        assert_eq!(his.event("story.deleted").await, gone);
        for person in [&alice, &bob] {
            person.get(&path(&story)).await.problem(404, "NOT_FOUND");
            person.ask("POST", &format!("{}/views", path(&story))).send().await.problem(404, "NOT_FOUND");
            person.delete(&path(&story)).await.problem(404, "NOT_FOUND");
            let shelf = person.all(&format!("/v1/accounts/{}/stories?limit=10", alice.id)).await;
            assert_eq!(shelf.iter().map(|story| &story["id"]).collect::<Vec<_>>(), [&other["id"]]);
        }
        hers.closes().await;
        his.closes().await;
    }

    async fn who_comes_back_later_is_not_told_what_it_said(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        bob.follows(&alice).await.ok(204);
        let feed = bob.feed().await;
        let position = feed.position.clone();
        feed.closes().await;
        let story = alice.posts_story("look").await;
        alice.delete(&path(&story)).await.ok(204);
        let mut feed = bob.resumes(&position).await;
        let missed = feed.catches_up().await;
        let types: Vec<_> = missed.iter().map(|frame| frame["type"].as_str().unwrap()).collect();
        assert_eq!(types, ["story.posted", "story.deleted"]);
        assert!(missed[0]["data"]["text"].is_null());
        feed.closes().await;
    }

    async fn only_its_author_deletes_it(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let story = alice.posts_story("look").await;
        bob.delete(&path(&story)).await.problem(403, "NOT_PERMITTED");
        alice.delete("/v1/stories/00000000-0000-7000-8000-000000000000").await.problem(404, "NOT_FOUND");
        alice.get(&path(&story)).await.ok(200);
    }

    async fn a_moderator_deletes_any_story_with_a_reason_that_is_kept(world: &mut World) {
        let (alice, bob, mallory) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("mallory").await);
        bob.follows(&alice).await.ok(204);
        let (story, other) =
            (alice.posts_story_for("spam", "followers").await, alice.posts_story_for("more", "close_friends").await);
        let reasoned = || mallory.ask("DELETE", &path(&story)).header("tidings-reason", "it is spam");
        reasoned().send().await.problem(404, "NOT_FOUND");
        world.grants(&mallory, Role::Moderator).await;
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        mallory.delete(&path(&story)).await.problem(422, "REASON_REQUIRED");
        reasoned().send().await.ok(204);
        let gone = json!({"id": story["id"], "author_id": alice.id});
        assert_eq!(hers.event("story.deleted").await, gone, "who deleted it and why is not told");
        assert_eq!(his.event("story.deleted").await, gone);
        alice.get(&path(&story)).await.problem(404, "NOT_FOUND");
        reasoned().send().await.problem(404, "NOT_FOUND");
        mallory.ask("DELETE", &path(&other)).json(&json!({"reason": "more of it"})).send().await.ok(204);

        let filter = Filter { types: vec![EventType::StoryDeleted], ..Filter::default() };
        let deleted = world.app().log.read_all(Position::START, Direction::Forward, 10, &filter).await.unwrap().events;
        let mut reasons = Vec::new();
        for recorded in &deleted {
            let Event::StoryDeleted(event) = &recorded.event else { panic!("{recorded:?}") };
            assert_eq!(event.deleted_by.to_string(), mallory.id);
            let opened = open_one(&*world.app().words, event.reason.as_ref().expect("a reason")).await.unwrap();
            reasons.extend(opened.present().map(|words| words.reason));
        }
        assert_eq!(reasons, ["it is spam", "more of it"]);
        hers.closes().await;
        his.closes().await;
    }
}
