//! Deleting a story.

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
}
