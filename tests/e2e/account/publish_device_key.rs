//! Publishing the keys of devices.

use serde_json::json;
use tests::both_modes;
use tests::matchers::assert_time;
use tests::person::{DEVICE, OTHER_DEVICE, Person};

both_modes! {
    async fn others_find_the_key_of_each_device(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        assert_eq!(bob.keys_of(&alice).await, Vec::<serde_json::Value>::new());
        let first = alice.publishes(DEVICE, "AAAA").await;
        let second = alice.publishes(OTHER_DEVICE, "BBBB").await;
        assert_eq!((&first["device_id"], &first["algorithm"], &first["public_key"]), (&json!(DEVICE), &json!("x25519"), &json!("AAAA")));
        assert_time(&first["published_at"]);
        assert_eq!(bob.keys_of(&alice).await, [first.clone(), second.clone()]);
        assert_ne!(first["key_id"], second["key_id"]);

        let replaced = alice.publishes(DEVICE, "CCCC").await;
        assert_ne!(replaced["key_id"], first["key_id"], "another key has another id");
        assert_eq!(bob.keys_of(&alice).await, [second, replaced]);
        bob.get("/v1/accounts/00000000-0000-7000-8000-000000000000/keys").await.problem(404, "NOT_FOUND");
    }

    async fn the_same_key_again_changes_nothing(world: &mut World) {
        let alice = world.registers("alice").await;
        let first = alice.publishes(DEVICE, "AAAA").await;
        let head = world.head();
        assert_eq!(alice.publishes(DEVICE, "AAAA").await, first);
        assert_eq!(world.head(), head);
    }

    async fn the_entity_tag_changes_with_the_keys_and_with_nothing_else(world: &mut World) {
        let alice = world.registers("alice").await;
        let tag = async |person: &Person| {
            let reply = person.get(&format!("/v1/accounts/{}/keys", alice.id)).await;
            reply.header("etag").expect("an entity tag").to_owned()
        };
        assert_eq!(tag(&alice).await, "\"r-\"");
        alice.publishes(DEVICE, "AAAA").await;
        let first = tag(&alice).await;
        world.grants(&alice, domain::account::values::Role::Analyst).await;
        assert_eq!(tag(&alice).await, first);
        alice.delete(&format!("/v1/me/devices/{DEVICE}/key")).await.ok(204);
        assert_ne!(tag(&alice).await, first);
    }

    async fn keys_that_do_not_fit_are_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        let head = world.head();
        let put = async |device: &str, body| alice.put(&format!("/v1/me/devices/{device}/key"), body).await;
        for bad in ["", "AAA", "A_==", "*"] {
            put(DEVICE, json!({"algorithm": "x25519", "public_key": bad})).await.invalid("/public_key");
        }
        let long = "AAAA".repeat(1_366);
        put(DEVICE, json!({"algorithm": "x25519", "public_key": long})).await.invalid("/public_key");
        for bad in [String::new(), "a".repeat(33)] {
            put(DEVICE, json!({"algorithm": bad, "public_key": "AAAA"})).await.invalid("/algorithm");
        }
        put("my-phone", json!({"algorithm": "x25519", "public_key": "AAAA"})).await.problem(404, "NOT_FOUND");
        assert_eq!(world.head(), head);
    }

    async fn an_account_has_32_devices_with_a_key_at_most(world: &mut World) {
        let alice = world.registers("alice").await;
        let device = |number: u32| format!("00000000-0000-4000-8000-{number:012}");
        for number in 0..32 {
            alice.publishes(&device(number), "AAAA").await;
        }
        let body = json!({"algorithm": "x25519", "public_key": "AAAA"});
        let path = format!("/v1/me/devices/{}/key", device(32));
        alice.put(&path, body.clone()).await.problem(409, "DEVICE_KEY_LIMIT_REACHED");
        alice.delete(&format!("/v1/me/devices/{}/key", device(0))).await.ok(204);
        alice.put(&path, body).await.ok(200);
    }

    async fn ones_other_devices_see_it_live(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut feed = alice.feed().await;
        let published = alice.publishes(DEVICE, "AAAA").await;
        let expected = json!({"account_id": alice.id, "device_id": DEVICE, "key_id": published["key_id"]});
        assert_eq!(feed.event("device_key.changed").await, expected);
        feed.closes().await;
    }
}
