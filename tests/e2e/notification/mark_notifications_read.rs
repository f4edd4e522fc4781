//! Reading notifications.

use serde_json::json;
use tests::both_modes;
use tests::matchers::every;

both_modes! {
    async fn what_was_read_is_read_on_every_device(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let first = bob.sends("first", &room).await;
        for text in ["one", "two", "three"] {
            alice.replies(text, &first, &room).await;
        }
        let list = bob.all("/v1/notifications?limit=2").await;
        assert_eq!(every(&list, "read"), [&json!(false); 3]);
        assert_eq!(bob.get("/v1/notifications/count").await.ok(200), json!({"unread": 3}));
        let other = bob.signs_in().await;
        let mut feed = other.feed().await;
        bob.put("/v1/notifications/read", json!({"up_to": list[1]["id"]})).await.ok(204);
        assert_eq!(feed.event("notifications.read").await, json!({"up_to": list[1]["id"]}));
        assert_eq!(other.get("/v1/notifications/count").await.ok(200), json!({"unread": 1}));
        assert_eq!(every(&other.all("/v1/notifications?limit=2").await, "read"), [&json!(false), &json!(true), &json!(true)]);
        feed.closes().await;
    }

    async fn it_never_moves_back(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let first = bob.sends("first", &room).await;
        alice.replies("one", &first, &room).await;
        alice.replies("two", &first, &room).await;
        let list = bob.all("/v1/notifications?limit=50").await;
        for up_to in [&list[0]["id"], &list[1]["id"], &list[0]["id"]] {
            bob.put("/v1/notifications/read", json!({"up_to": up_to})).await.ok(204);
            assert_eq!(bob.get("/v1/notifications/count").await.ok(200), json!({"unread": 0}));
        }
    }

    async fn anything_but_a_notification_that_can_be_there_is_refused(world: &mut World) {
        let bob = world.registers("bob").await;
        for bad in [json!("x"), json!(""), json!("-1"), json!("01"), json!("999999999")] {
            bob.put("/v1/notifications/read", json!({"up_to": bad})).await.invalid("/up_to");
        }
    }
}
