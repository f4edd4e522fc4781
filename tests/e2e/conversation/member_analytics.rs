//! How much each member says.

use serde_json::{Value, json};
use tests::both_modes;
use tests::person::Person;
use tests::room::Room;

async fn members(who: &Person, room: &Room, query: &str) -> Value {
    who.get(&room.path(&format!("/analytics/members{query}"))).await.ok(200)
}

both_modes! {
    async fn each_members_messages_are_counted_with_the_last(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        assert_eq!(members(&carol, &room, "").await, json!([]));
        let mut last = Value::Null;
        for text in ["one", "two", "three"] {
            last = bob.sends(text, &room).await.json["sent_at"].clone();
        }
        let only = alice.sends("four", &room).await.json["sent_at"].clone();
        let expected = json!([{"account_id": bob.id, "message_count": 3, "last_message_at": last},
            {"account_id": alice.id, "message_count": 1, "last_message_at": only}]);
        assert_eq!(members(&carol, &room, "").await, expected, "who said nothing is not among them");
        assert_eq!(members(&carol, &room, "?from=2001-01-01&to=2001-01-31").await, json!([]));
        for bad in ["from=yesterday", "from=2026-02-02&to=2026-02-01", "limit=5"] {
            alice.get(&room.path(&format!("/analytics/members?{bad}"))).await.problem(422, "VALIDATION_FAILED");
        }
    }

    async fn who_left_is_counted_and_told_nothing_more(world: &mut World) {
        let (alice, _, carol, room) = world.three_in_a_room().await;
        carol.sends("goodbye", &room).await;
        carol.removes(&carol, &room).await.ok(204);
        alice.sends("at last", &room).await;
        let counted = members(&alice, &room, "").await;
        assert_eq!(counted.as_array().map(Vec::len), Some(2));
        for path in ["/analytics/members", "/analytics"] {
            carol.get(&room.path(path)).await.problem(403, "NOT_PERMITTED");
        }
        let eve = world.registers("eve").await;
        eve.get(&room.path("/analytics/members")).await.problem(404, "NOT_FOUND");
    }
}
