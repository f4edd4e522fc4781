//! A conversation in four figures.

use serde_json::{Value, json};
use tests::both_modes;
use tests::person::Person;
use tests::room::Room;

async fn metadata(who: &Person, room: &Room) -> Value {
    who.get(&room.path("/metadata")).await.ok(200)
}

both_modes! {
    async fn it_tells_members_messages_beginning_and_newest_message(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let created_at = &room.json["created_at"];
        let fresh = json!({"member_count": 3, "message_count": 0, "created_at": created_at, "last_message_at": null});
        assert_eq!(metadata(&bob, &room).await, fresh);
        alice.sends("one", &room).await;
        let said = bob.sends("two", &room).await;
        alice.replies("three", &said, &room).await;
        let last = bob.sends("four", &room).await;
        bob.deletes(&last).await.ok(204);
        let seen = metadata(&alice, &room).await;
        let expected = json!({"member_count": 3, "message_count": 4, "created_at": created_at,
            "last_message_at": last.json["sent_at"]});
        assert_eq!(seen, expected, "what was deleted was sent nevertheless");
        carol.removes(&carol, &room).await.ok(204);
        alice.sends("five", &room).await;
        assert_eq!(metadata(&bob, &room).await["member_count"], 2);
        assert_eq!(metadata(&bob, &room).await["message_count"], 5);
        let left = metadata(&carol, &room).await;
        assert_eq!((&left["message_count"], &left["last_message_at"]), (&json!(4), &last.json["sent_at"]), "as it was then");
        let eve = world.registers("eve").await;
        eve.get(&room.path("/metadata")).await.problem(404, "NOT_FOUND");
        alice.get(&room.path("/metadata?from=2026-01-01")).await.problem(422, "VALIDATION_FAILED");
    }
}
