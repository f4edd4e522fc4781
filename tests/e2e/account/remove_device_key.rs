//! Removing the keys of devices.

use serde_json::json;
use tests::both_modes;
use tests::person::{DEVICE, OTHER_DEVICE};

both_modes! {
    async fn nothing_more_is_sent_with_a_removed_key(world: &mut World) {
        let (alice, _, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        alice.sends_encrypted("AQID", &key, &room).await.ok(201);
        alice.delete(&format!("/v1/me/devices/{DEVICE}/key")).await.ok(204);
        alice.sends_encrypted("AQID", &key, &room).await.invalid("/sender_key_id");
        assert_eq!(alice.timeline(&room).await[0]["ciphertext"], "AQID", "what was sent stays");
    }

    async fn a_removed_key_is_listed_no_more_and_removing_again_is_already_so(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        alice.publishes(DEVICE, "AAAA").await;
        let other = alice.publishes(OTHER_DEVICE, "BBBB").await;
        let mut feed = alice.feed().await;
        alice.delete(&format!("/v1/me/devices/{DEVICE}/key")).await.ok(204);
        assert_eq!(bob.keys_of(&alice).await, [other]);
        assert_eq!(feed.event("device_key.changed").await["key_id"], json!(null));
        let head = world.head();
        alice.delete(&format!("/v1/me/devices/{DEVICE}/key")).await.ok(204);
        bob.delete(&format!("/v1/me/devices/{OTHER_DEVICE}/key")).await.ok(204);
        assert_eq!((world.head(), bob.keys_of(&alice).await.len()), (head, 1));
        alice.delete("/v1/me/devices/nonsense/key").await.problem(404, "NOT_FOUND");
        feed.closes().await;
    }
}
