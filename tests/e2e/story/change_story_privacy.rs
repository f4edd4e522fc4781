//! Changing who may see a story.

use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::every;

fn path(story: &Value) -> String {
    format!("/v1/stories/{}", story["id"].as_str().expect("an id"))
}

both_modes! {
    async fn a_change_counts_at_once_for_everybody(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        bob.follows(&alice).await.ok(204);
        alice.befriends(&carol).await.ok(204);
        let story = alice.posts_story_for("look", "followers").await;
        bob.get(&path(&story)).await.ok(200);
        carol.get(&path(&story)).await.problem(404, "NOT_FOUND");
        let privacy = format!("{}/privacy", path(&story));
        alice.put(&privacy, json!({"privacy": "close_friends"})).await.ok(204);
        bob.get(&path(&story)).await.problem(404, "NOT_FOUND");
        bob.ask("POST", &format!("{}/views", path(&story))).send().await.problem(404, "NOT_FOUND");
        assert_eq!(carol.get(&path(&story)).await.ok(200)["privacy"], "close_friends");
        alice.put(&privacy, json!({"privacy": "public"})).await.ok(204);
        alice.put(&privacy, json!({"privacy": "public"})).await.ok(204);
        bob.get(&path(&story)).await.ok(200);
        carol.get(&path(&story)).await.ok(200);
    }

    async fn who_loses_sight_is_told_what_a_deletion_would_tell(world: &mut World) {
        let (alice, bob, carol, dave) = (world.registers("alice").await, world.registers("bob").await,
            world.registers("carol").await, world.registers("dave").await);
        bob.follows(&alice).await.ok(204);
        alice.befriends(&carol).await.ok(204);
        let story = alice.posts_story_for("look", "followers").await;
        let (mut hers, mut his, mut friends, mut strangers) =
            (alice.feed().await, bob.feed().await, carol.feed().await, dave.feed().await);
        let position = his.position.clone();
        alice.put(&format!("{}/privacy", path(&story)), json!({"privacy": "close_friends"})).await.ok(204);
        let changed = json!({"id": story["id"], "author_id": alice.id, "privacy": "close_friends"});
        assert_eq!(hers.event("story.privacy_changed").await, changed);
        assert_eq!(friends.event("story.privacy_changed").await, changed);
        let gone = json!({"id": story["id"], "author_id": alice.id});
        assert_eq!(his.event("story.deleted").await, gone);
        let mut again = bob.resumes(&position).await;
        assert_eq!(every(&again.catches_up().await, "data"), [&gone]);
        let mark = dave.posts_story("the end").await;
        let told = strangers.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        assert_eq!(every(&told, "type"), ["story.posted"]);
        for feed in [hers, his, friends, strangers, again] {
            feed.closes().await;
        }
    }

    async fn only_the_author_changes_it_and_only_to_a_tier(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let story = alice.posts_story("look").await;
        let privacy = format!("{}/privacy", path(&story));
        bob.put(&privacy, json!({"privacy": "followers"})).await.problem(403, "NOT_PERMITTED");
        alice.put(&privacy, json!({"privacy": "everyone"})).await.invalid("/privacy");
        alice.put(&privacy, json!({})).await.invalid("/privacy");
        let shown = alice.get(&path(&story)).await;
        let tag = shown.header("etag").expect("a tag");
        let fresh = alice.ask("PUT", &privacy).header("if-match", tag).json(&json!({"privacy": "public"}));
        fresh.send().await.ok(204);
        let stale = alice.ask("PUT", &privacy).header("if-match", "\"r7\"");
        stale.json(&json!({"privacy": "followers"})).send().await.problem(412, "PRECONDITION_FAILED");
        assert_eq!(alice.get(&path(&story)).await.ok(200)["privacy"], "public");
    }

    async fn it_changes_a_hundred_times_at_most(world: &mut World) {
        let alice = world.registers("alice").await;
        let story = alice.posts_story("look").await;
        let privacy = format!("{}/privacy", path(&story));
        for number in 0..100 {
            let tier = if number % 2 == 0 { "followers" } else { "public" };
            alice.put(&privacy, json!({"privacy": tier})).await.ok(204);
        }
        alice.put(&privacy, json!({"privacy": "followers"})).await.problem(409, "PRIVACY_CHANGE_LIMIT_REACHED");
        alice.delete(&path(&story)).await.ok(204);
    }
}
