//! Hiding one's stories from somebody.

use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn hidden_stories_are_not_there_for_somebody_whatever_ties_the_two(world: &mut World) {
        let (alice, bob, carol) = (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        for viewer in [&bob, &carol] {
            viewer.follows(&alice).await.ok(204);
            alice.befriends(viewer).await.ok(204);
        }
        let story = alice.posts_story("look").await;
        let one = format!("/v1/stories/{}", story["id"].as_str().unwrap());
        alice.hides_stories_from(&bob).await.ok(204);
        alice.hides_stories_from(&bob).await.ok(204);
        bob.get(&one).await.problem(404, "NOT_FOUND");
        bob.views_story(&story).await.problem(404, "NOT_FOUND");
        assert_eq!(bob.all(&format!("/v1/accounts/{}/stories", alice.id)).await, Vec::<Value>::new());
        assert!(bob.all("/v1/stories/feed").await.is_empty());
        carol.get(&one).await.ok(200);
        // The other way round nothing changes, and the two still talk.
        let his = bob.posts_story("mine").await;
        alice.get(&format!("/v1/stories/{}", his["id"].as_str().unwrap())).await.ok(200);
        alice.meets(&bob).await;
        let list = alice.get("/v1/me/blocks?relation=story_hidden").await.ok(200);
        assert_eq!((&list["count"], &list["items"][0]["account_id"]), (&json!(1), &json!(bob.id)));
        alice.delete(&format!("/v1/accounts/{}/story-hide", bob.id)).await.ok(204);
        bob.get(&one).await.ok(200);
    }

    async fn they_do_not_come_by_the_feed_live_or_after_a_resume(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        bob.follows(&alice).await.ok(204);
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        let position = his.position.clone();
        let before = alice.posts_story("before").await;
        alice.hides_stories_from(&bob).await.ok(204);
        alice.posts_story("hidden").await;
        alice.changes_privacy(&before, "followers").await.ok(204);
        alice.delete(&format!("/v1/accounts/{}/story-hide", bob.id)).await.ok(204);
        alice.posts_story("after").await;
        let mark = bob.posts_story("the end").await;
        let told = his.events_until(|frame| frame["data"]["id"] == mark["id"]).await;
        let texts: Vec<_> = told.iter().map(|frame| frame["data"]["text"].as_str().unwrap_or_default()).collect();
        assert_eq!(every(&told, "type"), ["story.posted", "story.posted", "story.posted"]);
        assert_eq!(texts, ["before", "after", "the end"]);
        for active in [true, false] {
            let expected = json!({"account_id": bob.id, "relation": "story_hidden", "active": active});
            assert_eq!(hers.event("relationship.changed").await, expected);
        }
        let mut again = bob.resumes(&position).await;
        assert_eq!(again.catches_up().await, told);
        for feed in [hers, his, again] {
            feed.closes().await;
        }
    }
}
