//! Calling oneself otherwise.

use futures_util::future::join_all;
use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn what_is_sent_changes_and_everybody_sees_it(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let before = alice.get("/v1/me").await.ok(200);
        assert_eq!((&before["display_name"], &before["bio"]), (&json!("alice display"), &json!(null)));
        let after = alice.put("/v1/me", json!({"bio": "likes tea"})).await.ok(200);
        assert_eq!((&after["display_name"], &after["bio"]), (&json!("alice display"), &json!("likes tea")));
        let after = alice.put("/v1/me", json!({"display_name": "Al"})).await.ok(200);
        assert_eq!((&after["display_name"], &after["bio"]), (&json!("Al"), &json!("likes tea")));
        assert_eq!(alice.get("/v1/me").await.ok(200), after);
        let seen = bob.get(&format!("/v1/accounts/{}", alice.id)).await.ok(200);
        assert_eq!((&seen["username"], &seen["display_name"], &seen["bio"]),
            (&json!("alice"), &json!("Al"), &json!("likes tea")));
        assert_eq!(alice.put("/v1/me", json!({"bio": null})).await.ok(200)["bio"], json!(null));
        world.restarts().await;
        let alice = tests::person::Person { http: world.http.clone(), ..alice };
        assert_eq!(alice.signs_in().await.get("/v1/me").await.ok(200)["display_name"], "Al");
    }

    async fn a_profile_that_was_changed_meanwhile_is_not_overwritten(world: &mut World) {
        let alice = world.registers("alice").await;
        let seen = alice.get("/v1/me").await.header("etag").expect("an entity tag").to_owned();
        let if_match = |tag: &str, body| alice.ask("PUT", "/v1/me").header("if-match", tag).json(&body).send();
        let changed = if_match(&seen, json!({"display_name": "one"})).await;
        changed.ok(200);
        if_match(&seen, json!({"display_name": "two"})).await.problem(412, "PRECONDITION_FAILED");
        let fresh = alice.get("/v1/me").await;
        assert_eq!(fresh.ok(200)["display_name"], "one");
        assert_eq!(changed.header("etag"), fresh.header("etag"));
    }

    async fn each_of_several_changes_at_once_is_answered_with_what_it_made(world: &mut World) {
        let alice = world.registers("alice").await;
        let names = ["one", "two", "three", "four"];
        for _ in 0..25 {
            let changes = names.map(|name| alice.put("/v1/me", json!({"display_name": name, "bio": name})));
            for (name, reply) in names.iter().zip(join_all(changes).await) {
                let told = reply.ok(200);
                assert_eq!((&told["display_name"], &told["bio"]), (&json!(name), &json!(name)));
            }
        }
    }

    async fn a_profile_that_is_so_appends_nothing(world: &mut World) {
        let alice = world.registers("alice").await;
        let head = world.head();
        alice.put("/v1/me", json!({"display_name": "alice display"})).await.ok(200);
        alice.put("/v1/me", json!({})).await.ok(200);
        assert_eq!(world.head(), head);
    }

    async fn what_does_not_fit_is_refused_by_pointer(world: &mut World) {
        let alice = world.registers("alice").await;
        let cases = [
            (json!({"display_name": ""}), "/display_name"),
            (json!({"display_name": "d".repeat(101)}), "/display_name"),
            (json!({"bio": ""}), "/bio"),
            (json!({"bio": "b".repeat(501)}), "/bio"),
            (json!({"username": "other"}), "/username"),
        ];
        for (body, pointer) in cases {
            alice.put("/v1/me", body).await.invalid(pointer);
        }
    }

    async fn the_own_devices_are_told(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut feed = alice.feed().await;
        alice.put("/v1/me", json!({"display_name": "Al"})).await.ok(200);
        let told = feed.event("account.updated").await;
        assert_eq!(told, json!({"id": alice.id, "display_name": "Al", "bio": null}));
        feed.closes().await;
    }
}
