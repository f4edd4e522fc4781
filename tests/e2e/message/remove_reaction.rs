//! Taking a reaction back.

use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn the_count_goes_down_and_the_last_one_goes_away(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        alice.reacts("❤️", &said).await.ok(201);
        bob.reacts("❤️", &said).await.ok(201);
        alice.takes_back("❤️", &said).await.ok(204);
        let seen = alice.get(&said.path("")).await.ok(200);
        assert_eq!(seen["reactions"], json!([{"emoji": "❤️", "count": 1, "reacted": false}]));
        bob.takes_back("❤️", &said).await.ok(204);
        assert_eq!(alice.get(&said.path("")).await.ok(200)["reactions"], json!([]));
        alice.reacts("❤️", &said).await.ok(201);
    }

    async fn it_is_seen_live_by_the_other(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        bob.reacts(":parrot:", &said).await.ok(201);
        let mut feed = alice.feed().await;
        bob.takes_back(":parrot:", &said).await.ok(204);
        let expected = json!({"message_id": said.id, "conversation_id": room.id, "emoji": ":parrot:", "account_id": bob.id});
        assert_eq!(feed.event("reaction.removed").await, expected);
        feed.closes().await;
    }

    async fn what_is_not_there_is_already_gone(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("news", &room).await;
        alice.reacts("👍", &said).await.ok(201);
        let head = world.head();
        bob.takes_back("👍", &said).await.ok(204);
        alice.takes_back("🎉", &said).await.ok(204);
        assert_eq!(world.head(), head, "nobody takes back what another gave");
        world.registers("mallory").await.takes_back("👍", &said).await.problem(404, "NOT_FOUND");
    }
}
