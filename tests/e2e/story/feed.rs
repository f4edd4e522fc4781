//! What one's circle shows, grouped by author.

use serde_json::json;
use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn stories_of_ones_circle_are_grouped_by_author_and_paged(world: &mut World) {
        let (alice, bob, carol, dave) = (world.registers("alice").await, world.registers("bob").await,
            world.registers("carol").await, world.registers("dave").await);
        alice.follows(&bob).await.ok(204);
        dave.befriends(&alice).await.ok(204);
        let first = alice.posts_story("morning").await;
        let second = alice.posts_story("noon").await;
        let his = bob.posts_story("evening").await;
        carol.posts_story("nobody asked").await;
        let secret = dave.posts_story_for("night", "close_friends").await;
        let authors = alice.all("/v1/stories/feed?limit=1").await;
        assert_eq!(authors.len(), 3, "each author once, also over pages, and no stranger: {authors:?}");
        let of = |id: &str| authors.iter().find(|entry| entry["author_id"] == id).expect("the author is there");
        let hers = of(&alice.id)["stories"].as_array().expect("a list").clone();
        assert_eq!(every(&hers, "id"), [&second["id"], &first["id"]]);
        assert_eq!(of(&bob.id)["stories"][0]["id"], his["id"]);
        assert_eq!(of(&dave.id)["stories"][0]["id"], secret["id"]);
    }

    async fn an_authors_stories_go_on_at_their_shelf(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        alice.follows(&bob).await.ok(204);
        for number in 0..23 {
            bob.posts_story(&format!("story {number}")).await;
        }
        let page = alice.get("/v1/stories/feed").await.ok(200);
        let of_bob = &page["items"][0];
        assert_eq!((of_bob["stories"].as_array().unwrap().len(), &of_bob["has_more"]), (20, &json!(true)));
        let cursor = of_bob["next_cursor"].as_str().expect("a cursor");
        let rest = alice.get(&format!("/v1/accounts/{}/stories?cursor={cursor}", bob.id)).await.ok(200);
        assert_eq!(every(rest["items"].as_array().unwrap(), "text"), ["story 2", "story 1", "story 0"]);
        assert_eq!(rest["next_cursor"], json!(null));
        alice.get(&format!("/v1/accounts/{}/stories?cursor={cursor}", alice.id)).await.problem(400, "BAD_CURSOR");
        let all = alice.all(&format!("/v1/accounts/{}/stories?limit=10", bob.id)).await;
        assert_eq!(all.len(), 23);
    }
}
