//! Choosing what others are told, and where one's day begins.

use futures_util::future::join_all;
use serde_json::json;
use tests::both_modes;

const PATH: &str = "/v1/me/settings";

both_modes! {
    async fn settings_have_defaults_and_what_is_not_sent_stays(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut expected = json!({"read_receipts": true, "presence": true, "time_zone": null});
        assert_eq!(alice.get(PATH).await.ok(200), expected);
        expected["presence"] = json!(false);
        assert_eq!(alice.put(PATH, json!({"presence": false})).await.ok(200), expected);
        expected["time_zone"] = json!("Europe/Vienna");
        assert_eq!(alice.put(PATH, json!({"time_zone": "europe/vienna"})).await.ok(200), expected);
        expected["read_receipts"] = json!(false);
        assert_eq!(alice.put(PATH, json!({"read_receipts": false})).await.ok(200), expected);
        assert_eq!(alice.get(PATH).await.ok(200), expected);
        expected["time_zone"] = json!(null);
        assert_eq!(alice.put(PATH, json!({"time_zone": null})).await.ok(200), expected);
        assert_eq!(alice.get(PATH).await.ok(200), expected);

        let bob = world.registers("bob").await;
        assert_eq!(bob.get(PATH).await.ok(200)["presence"], true, "they are everybody's own");
    }

    async fn settings_that_are_so_append_nothing(world: &mut World) {
        let alice = world.registers("alice").await;
        alice.put(PATH, json!({"time_zone": "Asia/Tokyo", "presence": false})).await.ok(200);
        let head = world.head();
        alice.put(PATH, json!({"time_zone": "Asia/Tokyo", "read_receipts": true})).await.ok(200);
        alice.put(PATH, json!({})).await.ok(200);
        assert_eq!(world.head(), head);
    }

    async fn what_cannot_be_meant_is_refused_by_pointer(world: &mut World) {
        let alice = world.registers("alice").await;
        let cases = [
            (json!({"time_zone": "Europe/Atlantis"}), "/time_zone"),
            (json!({"time_zone": 3}), "/time_zone"),
            (json!({"presence": "no"}), "/presence"),
            (json!({"colour": "green"}), "/colour"),
        ];
        for (body, pointer) in cases {
            alice.put(PATH, body).await.invalid(pointer);
        }
    }

    async fn settings_that_were_changed_meanwhile_are_not_overwritten(world: &mut World) {
        let alice = world.registers("alice").await;
        let seen = alice.get(PATH).await.header("etag").expect("an entity tag").to_owned();
        let if_match = |tag: &str, body| alice.ask("PUT", PATH).header("if-match", tag).json(&body).send();
        let changed = if_match(&seen, json!({"presence": false})).await;
        changed.ok(200);
        if_match(&seen, json!({"presence": true})).await.problem(412, "PRECONDITION_FAILED");
        let fresh = alice.get(PATH).await;
        assert_eq!(changed.header("etag"), fresh.header("etag"));
        if_match(fresh.header("etag").expect("a tag"), json!({"presence": true})).await.ok(200);
    }

    async fn each_of_several_changes_at_once_is_answered_with_what_it_made(world: &mut World) {
        let alice = world.registers("alice").await;
        let zones = ["Europe/Vienna", "Asia/Tokyo", "Africa/Cairo", "America/Lima"];
        for _ in 0..25 {
            let changes = zones.map(|zone| alice.put(PATH, json!({"time_zone": zone})));
            for (zone, reply) in zones.iter().zip(join_all(changes).await) {
                assert_eq!(reply.ok(200)["time_zone"], *zone);
            }
        }
    }

    async fn only_the_own_devices_are_told_live(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let (mut hers, mut his) = (alice.feed().await, bob.feed().await);
        alice.put(PATH, json!({"time_zone": "Europe/Vienna"})).await.ok(200);
        let said = alice.sends("after", &room).await;
        let seen = hers.events_until(|frame| frame["data"]["id"] == said.id.as_str()).await;
        let told = seen.iter().find(|frame| frame["type"] == "account.settings_changed").expect("a frame");
        assert_eq!(told["data"], json!({"read_receipts": true, "presence": true, "time_zone": "Europe/Vienna"}));
        let seen = his.events_until(|frame| frame["data"]["id"] == said.id.as_str()).await;
        assert!(seen.iter().all(|frame| frame["type"] != "account.settings_changed"), "{seen:?}");
        hers.closes().await;
        his.closes().await;
    }

    async fn settings_are_there_after_a_restart(world: &mut World) {
        let alice = world.registers("alice").await;
        alice.put(PATH, json!({"time_zone": "Europe/Vienna", "read_receipts": false})).await.ok(200);
        world.restarts().await;
        let alice = tests::person::Person { http: world.http.clone(), ..alice };
        let expected = json!({"read_receipts": false, "presence": true, "time_zone": "Europe/Vienna"});
        assert_eq!(alice.get(PATH).await.ok(200), expected);
    }
}
