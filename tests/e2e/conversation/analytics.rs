//! How much is said in a conversation.

use serde_json::{Value, json};
use tests::both_modes;
use tests::person::Person;

async fn counts(who: &Person, path: &str) -> Value {
    who.get(path).await.ok(200)
}

both_modes! {
    async fn messages_and_active_members_are_counted_by_day(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for text in ["one", "two", "three"] {
            alice.sends(text, &room).await;
        }
        let seen = counts(&bob, &room.path("/analytics")).await;
        assert_eq!(seen["messages_per_day"][0]["count"], 3);
        assert_eq!(seen["active_members"][0]["count"], 1, "who only reads is not active");
        let said = bob.sends("four", &room).await;
        bob.deletes(&said).await.ok(204);
        let seen = counts(&bob, &room.path("/analytics")).await;
        assert_eq!(seen["messages_per_day"][0]["count"], 4, "what was deleted was sent nevertheless");
        assert_eq!(seen["active_members"][0]["count"], 2);
        let day = seen["messages_per_day"][0]["day"].clone();
        assert_eq!(seen["date_range"]["to"], day);
        let elsewhere = counts(&bob, &room.path("/analytics?from=2001-01-01&to=2001-01-31")).await;
        assert_eq!(elsewhere["messages_per_day"], json!([]));
    }

    async fn bad_days_are_refused_and_strangers_see_nothing(world: &mut World) {
        let (alice, _bob, room) = world.two_in_a_room().await;
        for bad in ["from=yesterday", "to=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=2020-01-01&to=2026-01-01"] {
            alice.get(&room.path(&format!("/analytics?{bad}"))).await.problem(422, "VALIDATION_FAILED");
        }
        let eve = world.registers("eve").await;
        eve.get(&room.path("/analytics")).await.problem(404, "NOT_FOUND");
    }
}
