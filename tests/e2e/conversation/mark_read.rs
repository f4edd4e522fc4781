//! How far one has read.

use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn reading_moves_the_watermark_and_the_count(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for text in ["one", "two", "three"] {
            alice.sends(text, &room).await;
        }
        let seen = bob.sees(&room).await;
        assert_eq!((&seen["unread_count"], &seen["last_read_seq"]), (&json!(3), &json!(0)));
        bob.reads(&room, 2).await.ok(204);
        let seen = bob.sees(&room).await;
        assert_eq!((&seen["unread_count"], &seen["last_read_seq"]), (&json!(1), &json!(2)));
        assert_eq!(alice.sees(&room).await["unread_count"], 0, "one's own messages are read");
    }

    async fn it_never_moves_back_and_never_beyond_the_end(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for text in ["one", "two", "three"] {
            alice.sends(text, &room).await;
        }
        bob.reads(&room, 3).await.ok(204);
        bob.reads(&room, 1).await.ok(204);
        assert_eq!(bob.sees(&room).await["last_read_seq"], 3);
        bob.reads(&room, 4).await.invalid("/seq");
        for bad in [json!(-1), json!("3"), json!(1.5), json!(null)] {
            bob.put(&room.path("/read"), json!({"seq": bad})).await.invalid("/seq");
        }
    }

    async fn sending_moves_ones_own_watermark(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("one", &room).await;
        bob.sends("two", &room).await;
        assert_eq!((&bob.sees(&room).await["unread_count"], &bob.sees(&room).await["last_read_seq"]), (&json!(0), &json!(2)));
    }

    async fn it_is_seen_live_on_ones_own_devices_only(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("one", &room).await;
        let (mut his, mut hers) = (bob.feed().await, alice.feed().await);
        bob.reads(&room, said.seq).await.ok(204);
        let moved = his.event("read.moved").await;
        assert_eq!(moved, json!({"conversation_id": room.id, "account_id": bob.id, "seq": said.seq}));
        bob.sends("two", &room).await;
        let events = hers.events_until(|frame| frame["type"] == "message.sent").await;
        assert!(events.iter().all(|frame| frame["type"] != "read.moved"), "{events:?}");
        his.closes().await;
        hers.closes().await;
    }

    async fn a_stranger_has_nothing_to_read(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        alice.sends("one", &room).await;
        world.registers("mallory").await.reads(&room, 1).await.problem(404, "NOT_FOUND");
    }
}
