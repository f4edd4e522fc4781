//! Deleting a message.

use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, texts};

both_modes! {
    async fn a_tombstone_without_text_stays(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        alice.edits(&said, "oops, edited").await.ok(200);
        alice.deletes(&said).await.ok(204);
        bob.sends("what was it?", &room).await;
        let timeline = bob.timeline(&room).await;
        assert_eq!(texts(&timeline), [None, Some("what was it?")]);
        assert_eq!((&timeline[0]["seq"], &timeline[0]["sender_id"]), (&json!(1), &json!(alice.id)));
        assert_time(&timeline[0]["deleted_at"]);
        assert_eq!(bob.get(&said.path("")).await.ok(200)["text"], json!(null));
    }

    async fn it_is_seen_live_by_the_other(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        let mut feed = bob.feed().await;
        alice.deletes(&said).await.ok(204);
        let frame = feed.event("message.deleted").await;
        assert_eq!((&frame["id"], &frame["seq"], &frame["conversation_id"]), (&json!(said.id), &json!(1), &json!(room.id)));
        assert_time(&frame["deleted_at"]);
        feed.closes().await;
    }

    async fn deleting_again_is_already_so(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("oops", &room).await;
        alice.deletes(&said).await.ok(204);
        let head = world.head();
        alice.deletes(&said).await.ok(204);
        assert_eq!(world.head(), head);
    }

    async fn its_author_may_for_fifteen_minutes_and_the_owner_always(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let said = bob.sends("his", &room).await;
        carol.deletes(&said).await.problem(403, "NOT_PERMITTED");
        world.registers("mallory").await.deletes(&said).await.problem(404, "NOT_FOUND");
        world.clock.advance(15 * 60 + 1);
        bob.signs_in().await.deletes(&said).await.problem(409, "EDIT_WINDOW_CLOSED");
        alice.signs_in().await.deletes(&said).await.ok(204);
    }
}
