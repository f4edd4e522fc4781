//! Leaving somebody's stories out of one's story feed.

use serde_json::json;
use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn muted_stories_stay_out_of_ones_story_feed_alone(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        bob.follows(&alice).await.ok(204);
        let story = alice.posts_story("look").await;
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        bob.mutes_stories_of(&alice).await.ok(204);
        bob.mutes_stories_of(&alice).await.ok(204);
        assert!(bob.all("/v1/stories/feed").await.is_empty());
        assert_eq!(bob.all(&format!("/v1/accounts/{}/stories", alice.id)).await.len(), 1);
        bob.views_story(&story).await.ok(204);
        let list = bob.get("/v1/me/blocks?relation=story_muted").await.ok(200);
        assert_eq!((&list["count"], &list["items"][0]["account_id"]), (&json!(1), &json!(alice.id)));
        assert_eq!(bob.get("/v1/me/blocks").await.ok(200)["count"], 0);
        bob.delete(&format!("/v1/accounts/{}/story-mute", alice.id)).await.ok(204);
        assert_eq!(every(&bob.all("/v1/stories/feed").await, "author_id"), [&json!(alice.id)]);
        for active in [true, false] {
            let expected = json!({"account_id": alice.id, "relation": "story_muted", "active": active});
            assert_eq!(his.event("relationship.changed").await, expected);
        }
        let told = hers.events_until(|frame| frame["type"] == "story.viewed").await;
        assert_eq!(told.len(), 1, "the author is not told");
        hers.closes().await;
        his.closes().await;
    }
}
