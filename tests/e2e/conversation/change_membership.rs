//! How one keeps a conversation.

use domain::clock::Clock;
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::every;

fn kept(conversation: &Value) -> Value {
    let names = ["muted", "mute_until", "pinned", "archived", "notify"];
    names.iter().map(|name| ((*name).to_owned(), conversation[*name].clone())).collect()
}

both_modes! {
    async fn one_changes_only_what_one_sends_and_only_for_oneself(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut expected = json!({"muted": false, "mute_until": null, "pinned": false, "archived": false, "notify": "all"});
        assert_eq!(kept(&bob.sees(&room).await), expected);
        for (field, value) in [("pinned", json!(true)), ("muted", json!(true)), ("notify", json!("mentions"))] {
            expected[field] = value.clone();
            let reply = bob.keeps(&room, json!({field: value})).await.ok(200);
            assert_eq!((kept(&reply), &reply["conversation_id"]), (expected.clone(), &json!(room.id)));
            assert_eq!(kept(&bob.sees(&room).await), expected);
        }
        let head = world.head();
        assert_eq!(kept(&bob.keeps(&room, json!({"pinned": true})).await.ok(200)), expected);
        assert_eq!(kept(&bob.keeps(&room, json!({})).await.ok(200)), expected);
        assert_eq!(world.head(), head, "is so already");
        assert_eq!(kept(&alice.sees(&room).await)["muted"], false);
    }

    async fn a_mute_with_an_end_is_over_by_itself(world: &mut World) {
        let (_, bob, room) = world.two_in_a_room().await;
        let end = world.clock.now().plus_seconds(3600);
        let reply = bob.keeps(&room, json!({"mute_until": end.to_string()})).await.ok(200);
        assert_eq!((&reply["muted"], &reply["mute_until"]), (&json!(true), &json!(end.to_string())));
        assert_eq!(bob.sees(&room).await["muted"], true);
        let head = world.head();
        world.clock.advance(3601);
        let bob = bob.signs_in().await;
        let seen = bob.sees(&room).await;
        assert_eq!((&seen["muted"], &seen["mute_until"]), (&json!(false), &json!(null)));
        assert_eq!(bob.inbox().await[0]["muted"], false);
        assert!(world.head() <= head + 1, "nothing but the sign-in was appended");
        let past = json!({"mute_until": end.to_string()});
        bob.keeps(&room, past).await.invalid("/mute_until");
    }

    async fn what_is_put_away_is_listed_apart(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let mut rooms = Vec::new();
        for number in 0..4 {
            rooms.push(alice.founds(&format!("Room {number}"), &[&bob, &carol]).await);
        }
        alice.keeps(&rooms[1], json!({"archived": true})).await.ok(200);
        alice.keeps(&rooms[2], json!({"archived": true, "pinned": true})).await.ok(200);
        alice.keeps(&rooms[0], json!({"pinned": true})).await.ok(200);
        let names = async |query: &str| {
            let items = alice.all(&format!("/v1/conversations?limit=1{query}")).await;
            every(&items, "name").into_iter().cloned().collect::<Vec<_>>()
        };
        assert_eq!(names("").await, ["Room 3", "Room 0"], "the newest activity first, kept at the top or not");
        assert_eq!(names("&archived=true").await, ["Room 2", "Room 1"]);
        assert_eq!(names("&pinned=true").await, ["Room 0"]);
        bob.sends("up", &rooms[1]).await;
        assert_eq!(names("&archived=true").await, ["Room 1", "Room 2"], "stays put away when something is said");
        alice.keeps(&rooms[1], json!({"archived": false})).await.ok(200);
        assert_eq!(names("").await, ["Room 1", "Room 3", "Room 0"]);
        assert_eq!(bob.inbox().await.len(), 4);
        let first = alice.get("/v1/conversations?limit=1").await.ok(200);
        let cursor = first["next_cursor"].as_str().expect("a cursor");
        let other = alice.get(&format!("/v1/conversations?limit=1&archived=true&cursor={cursor}")).await;
        other.problem(400, "BAD_CURSOR");
    }

    async fn it_is_seen_live_on_ones_own_devices_only(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let (mut his, mut second, mut hers) = (bob.feed().await, bob.signs_in().await.feed().await, alice.feed().await);
        bob.keeps(&room, json!({"muted": true})).await.ok(200);
        for feed in [&mut his, &mut second] {
            let changed = feed.event("conversation.settings_changed").await;
            let expected = json!({"conversation_id": room.id, "muted": true, "mute_until": null, "pinned": false,
                "archived": false, "notify": "all"});
            assert_eq!(changed, expected);
        }
        bob.sends("after", &room).await;
        let events = hers.events_until(|frame| frame["type"] == "message.sent").await;
        assert!(events.iter().all(|frame| frame["type"] != "conversation.settings_changed"), "{events:?}");
        for feed in [his, second, hers] {
            feed.closes().await;
        }
    }

    async fn settings_outlast_leaving_and_joining_again(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        bob.keeps(&room, json!({"muted": true})).await.ok(200);
        alice.removes(&bob, &room).await.ok(204);
        bob.keeps(&room, json!({"muted": false})).await.problem(404, "NOT_FOUND");
        alice.adds(&bob, &room).await.ok(201);
        assert_eq!(bob.sees(&room).await["muted"], true);
    }

    async fn what_cannot_be_meant_is_refused(world: &mut World) {
        let (_, bob, room) = world.two_in_a_room().await;
        let head = world.head();
        for (body, pointer) in [
            (json!({"muted": null}), "/muted"),
            (json!({"muted": "yes"}), "/muted"),
            (json!({"mute_until": "tomorrow"}), "/mute_until"),
            (json!({"mute_until": "1999-01-01T00:00:00Z"}), "/mute_until"),
            (json!({"muted": false, "mute_until": "2999-01-01T00:00:00Z"}), "/mute_until"),
            (json!({"notify": "sometimes"}), "/notify"),
            (json!({"volume": 11}), "/volume"),
        ] {
            bob.keeps(&room, body).await.invalid(pointer);
        }
        assert_eq!(world.head(), head);
        let mallory = world.registers("mallory").await;
        mallory.keeps(&room, json!({"muted": true})).await.problem(404, "NOT_FOUND");
    }
}
