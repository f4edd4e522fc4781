//! Typing, presence and receipts.

use domain::limits::EPHEMERAL_MAX_MEMBERS;
use serde_json::json;
use tests::both_modes;
use tests::room::Room;

both_modes! {
    async fn typing_is_seen_by_the_other_members(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("so that the room is known everywhere", &room).await;
        alice.sees(&room).await;
        let mallory = world.registers("mallory").await;
        let (mut hers, mut his, mut strange) = (alice.feed().await, bob.feed().await, mallory.feed().await);
        hers.send(&json!({"op": "typing", "conversation_id": room.id})).await;
        let expected = json!({"conversation_id": room.id, "account_id": alice.id});
        assert_eq!(his.ephemeral("typing").await, expected);
        strange.send(&json!({"op": "typing", "conversation_id": room.id})).await;
        assert!(!strange.was_told("typing").await && !hers.was_told("typing").await);
        for feed in [hers, his, strange] {
            feed.closes().await;
        }
    }

    async fn who_is_there_is_seen_by_those_who_share_a_conversation(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sees(&room).await;
        let mut his = bob.feed().await;
        let mut hers = alice.feed().await;
        assert_eq!(his.ephemeral("presence").await, json!({"account_id": alice.id, "status": "online"}));
        assert_eq!(hers.ephemeral("presence").await, json!({"account_id": bob.id, "status": "online"}));
        hers.send(&json!({"op": "focus", "visible": false})).await;
        assert_eq!(his.ephemeral("presence").await, json!({"account_id": alice.id, "status": "away"}));
        hers.closes().await;
        assert_eq!(his.ephemeral("presence").await, json!({"account_id": alice.id, "status": "offline"}));
        his.closes().await;
    }

    async fn how_far_one_has_read_is_told_to_others_only_if_one_lets_them_know(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sends("one", &room).await;
        let mut hers = alice.feed().await;
        bob.ask("PUT", &room.path("/read")).json(&json!({"seq": 1})).send().await.ok(204);
        let expected = json!({"conversation_id": room.id, "account_id": bob.id, "seq": 1});
        assert_eq!(hers.ephemeral("read").await, expected);
        hers.closes().await;

        let carol = world.registers("carol").await;
        let settings = json!({"read_receipts": false, "presence": false});
        carol.ask("PUT", "/v1/me/settings").json(&settings).send().await.ok(200);
        let room = alice.founds("Shed", &[&bob, &carol]).await;
        let said = alice.sends("two", &room).await;
        carol.sees(&room).await;
        let (mut hers, mut carols) = (alice.feed().await, carol.feed().await);
        carol.ask("PUT", &room.path("/read")).json(&json!({"seq": 1})).send().await.ok(204);
        carols.event("read.moved").await;
        bob.ask("PUT", &room.path("/read")).json(&json!({"seq": 1})).send().await.ok(204);
        let receipt = hers.ephemeral("read").await;
        assert_eq!(receipt["account_id"], bob.id.as_str(), "hers would have come first, of {}", said.id);
        assert!(!hers.was_told("presence").await);
        carols.closes().await;
        hers.closes().await;
    }

    async fn presence_is_turned_off_and_on_at_once(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        alice.sees(&room).await;
        let (mut his, hers) = (bob.feed().await, alice.feed().await);
        for (setting, status) in [(None, "online"), (Some(false), "offline"), (Some(true), "online")] {
            if let Some(setting) = setting {
                alice.put("/v1/me/settings", json!({"presence": setting})).await.ok(200);
            }
            assert_eq!(his.ephemeral("presence").await, json!({"account_id": alice.id, "status": status}));
        }
        hers.closes().await;
        his.closes().await;
    }

    async fn who_is_added_to_a_group_is_told_who_is_there_and_told_of(world: &mut World) {
        let [alice, bob, carol] =
            [world.registers("alice").await, world.registers("bob").await, world.registers("carol").await];
        let room = alice.founds("Garden", &[&bob, &world.registers("dora").await]).await;
        alice.sees(&room).await;
        let (mut hers, mut his, mut carols) = (alice.feed().await, bob.feed().await, carol.feed().await);
        hers.ephemeral("presence").await;
        his.ephemeral("presence").await;
        alice.adds(&carol, &room).await.ok(201);
        let online = |who: &str| json!({"account_id": who, "status": "online"});
        assert_eq!((hers.ephemeral("presence").await, his.ephemeral("presence").await), (online(&carol.id), online(&carol.id)));
        let mut there = [carols.ephemeral("presence").await, carols.ephemeral("presence").await];
        there.sort_by_key(|presence| presence["account_id"] == bob.id.as_str());
        assert_eq!(there, [online(&alice.id), online(&bob.id)]);
        carol.removes(&carol, &room).await.ok(204);
        let offline = json!({"account_id": carol.id, "status": "offline"});
        for feed in [&mut hers, &mut his] {
            // Who came just before they joined may be told of twice.
            let mut told = feed.ephemeral("presence").await;
            if told == online(&carol.id) {
                told = feed.ephemeral("presence").await;
            }
            assert_eq!(told, offline);
        }
        for feed in [hers, his, carols] {
            feed.closes().await;
        }
    }

    async fn in_a_group_that_grows_beyond_the_limit_those_who_share_nothing_else_are_offline(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let mut ids = world.registers_a_crowd(EPHEMERAL_MAX_MEMBERS - 2).await;
        ids.push(bob.id.clone());
        let body = json!({"type": "group", "name": "Crowd", "member_ids": ids});
        let room = Room::from_json(alice.post("/v1/conversations", body).await.ok(201));
        assert_eq!(alice.sees(&room).await["member_count"], EPHEMERAL_MAX_MEMBERS);
        let (mut hers, mut his, mut carols) = (alice.feed().await, bob.feed().await, carol.feed().await);
        for status in ["online", "offline"] {
            for (feed, other) in [(&mut hers, &bob), (&mut his, &alice)] {
                assert_eq!(feed.ephemeral("presence").await, json!({"account_id": other.id, "status": status}));
            }
            if status == "online" {
                alice.adds(&carol, &room).await.ok(201);
            }
        }
        assert!(!carols.was_told("presence").await);
        for feed in [hers, his, carols] {
            feed.closes().await;
        }
    }
}
