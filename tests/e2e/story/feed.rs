//! What everybody shows, grouped by author.

use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn stories_are_grouped_by_author_and_paged(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let first = alice.posts_story("morning").await;
        let second = alice.posts_story("noon").await;
        let his = bob.posts_story("evening").await;
        let authors = alice.all("/v1/stories/feed?limit=1").await;
        assert_eq!(authors.len(), 2, "each author once, also over pages: {authors:?}");
        let of = |id: &str| authors.iter().find(|entry| entry["author_id"] == id).expect("the author is there");
        let hers = of(&alice.id)["stories"].as_array().expect("a list").clone();
        let mut ids = every(&hers, "id");
        ids.sort_by_key(|id| id.to_string());
        let mut expected = [&first["id"], &second["id"]];
        expected.sort_by_key(|id| id.to_string());
        assert_eq!(ids, expected);
        assert_eq!(of(&bob.id)["stories"][0]["id"], his["id"]);
    }
}
