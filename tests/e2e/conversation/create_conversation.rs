//! Direct conversations and groups.

use serde_json::json;
use tests::both_modes;
use tests::matchers::{assert_time, every, with_id};
use tests::room::Room;

both_modes! {
    async fn a_group_is_in_the_inbox_of_every_member(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let body = json!({"type": "group", "name": "Garden", "description": "All about it",
            "member_ids": [bob.id, carol.id, bob.id, alice.id]});
        let reply = alice.post("/v1/conversations", body).await;
        let group = reply.ok(201);
        let expected = [
            ("type", json!("group")), ("name", json!("Garden")), ("description", json!("All about it")),
            ("privacy_mode", json!("searchable")), ("member_count", json!(3)), ("created_by", json!(alice.id)),
            ("last_message", json!(null)), ("unread_count", json!(0)), ("last_read_seq", json!(0)),
            ("muted", json!(false)), ("pinned", json!(false)), ("archived", json!(false)),
        ];
        for (field, value) in expected {
            assert_eq!(group[field], value, "{field}");
        }
        assert_time(&group["created_at"]);
        let room = Room::from_json(group);
        for person in [&alice, &bob, &carol] {
            assert_eq!(with_id(&person.inbox().await, &room.id)["name"], "Garden");
            assert_eq!(person.sees(&room).await["member_count"], 3);
        }
        let members = bob.all(&room.path("/members?limit=2")).await;
        assert_eq!(members.len(), 3);
        let roles = members.iter().filter(|m| m["account_id"] == alice.id.as_str()).map(|m| &m["role"]);
        assert_eq!(roles.collect::<Vec<_>>(), ["owner"]);
    }

    async fn a_group_is_seen_live_by_its_members_and_by_nobody_else(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let mallory = world.registers("mallory").await;
        let (mut feed, mut others) = (bob.feed().await, mallory.feed().await);
        let room = alice.founds("Garden", &[&bob, &carol]).await;
        let created = feed.event("conversation.created").await;
        assert_eq!((&created["id"], &created["name"]), (&room.json["id"], &json!("Garden")));
        assert!(created.get("unread_count").is_none(), "no personal fields: {created}");
        let own = mallory.meets(&carol).await;
        assert_eq!(others.event("conversation.created").await["id"], own.id.as_str(), "the first that he sees");
        feed.closes().await;
        others.closes().await;
    }

    async fn a_direct_conversation_is_one_for_each_pair(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let body = |other: &str| json!({"type": "direct", "participant_id": other});
        let first = alice.post("/v1/conversations", body(&bob.id)).await.ok(201);
        let again = alice.post("/v1/conversations", body(&bob.id)).await.ok(200);
        let reverse = bob.post("/v1/conversations", body(&alice.id)).await.ok(200);
        assert_eq!((&again["id"], &reverse["id"]), (&first["id"], &first["id"]));
        assert_eq!((&first["type"], &first["name"], &first["member_count"]), (&json!("direct"), &json!(null), &json!(2)));
        let mut strict = body(&bob.id);
        strict["privacy_mode"] = json!("strict_e2e");
        alice.post("/v1/conversations", strict).await.problem(409, "PRIVACY_MODE_DIFFERS");
    }

    async fn two_who_open_their_direct_conversation_at_once_get_the_same(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let to_bob = json!({"type": "direct", "participant_id": bob.id});
        let to_alice = json!({"type": "direct", "participant_id": alice.id});
        let (one, other) =
            tokio::join!(alice.post("/v1/conversations", to_bob), bob.post("/v1/conversations", to_alice));
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 201]);
        assert_eq!(one.json()["id"], other.json()["id"]);
    }

    async fn what_cannot_be_meant_is_refused_by_pointer(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let nobody = "00000000-0000-7000-8000-000000000000";
        let head = world.head();
        let cases = [
            (json!({"type": "direct", "participant_id": alice.id}), "/participant_id"),
            (json!({"type": "direct", "participant_id": nobody}), "/participant_id"),
            (json!({"type": "direct", "participant_id": "bob"}), "/participant_id"),
            (json!({"type": "direct"}), "/participant_id"),
            (json!({"type": "direct", "participant_id": bob.id, "name": "x"}), "/name"),
            (json!({"type": "group", "name": "Garden", "member_ids": [bob.id]}), "/member_ids"),
            (json!({"type": "group", "name": "Garden", "member_ids": [bob.id, bob.id, alice.id]}), "/member_ids"),
            (json!({"type": "group", "name": "Garden", "member_ids": [bob.id, nobody, carol.id]}), "/member_ids/1"),
            (json!({"type": "group", "name": "", "member_ids": [bob.id, carol.id]}), "/name"),
            (json!({"type": "group", "name": "n".repeat(101), "member_ids": [bob.id, carol.id]}), "/name"),
            (json!({"type": "group", "member_ids": [bob.id, carol.id]}), "/name"),
            (json!({"type": "group", "name": "Garden", "member_ids": [bob.id, carol.id], "privacy_mode": "open"}),
                "/privacy_mode"),
            (json!({"type": "channel", "name": "Garden"}), "/type"),
            (json!({}), "/type"),
        ];
        for (body, pointer) in cases {
            alice.post("/v1/conversations", body).await.invalid(pointer);
        }
        assert_eq!(world.head(), head, "nothing was appended");
    }

    async fn a_stranger_does_not_know_that_it_exists(world: &mut World) {
        let (_, _, _, room) = world.three_in_a_room().await;
        let mallory = world.registers("mallory").await;
        for path in ["", "/messages", "/members"] {
            mallory.get(&room.path(path)).await.problem(404, "NOT_FOUND");
        }
        assert!(mallory.inbox().await.is_empty());
    }

    async fn a_repeat_with_the_same_key_is_the_same_group(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let body = json!({"type": "group", "name": "Garden", "member_ids": [bob.id, carol.id]});
        let ask = || alice.ask("POST", "/v1/conversations").key("found-1").json(&body).send();
        let first = ask().await;
        let head = world.head();
        let again = ask().await;
        assert!(!first.is_replay() && again.is_replay());
        assert_eq!((again.ok(201)["id"].clone(), again.position()), (first.ok(201)["id"].clone(), first.position()));
        assert_eq!(world.head(), head);
        let mut other = body.clone();
        other["name"] = json!("Shed");
        let reused = alice.ask("POST", "/v1/conversations").key("found-1").json(&other).send().await;
        reused.problem(422, "IDEMPOTENCY_KEY_REUSED");
    }

    async fn the_inbox_has_the_newest_activity_first_and_pages(world: &mut World) {
        let (alice, bob, carol) =
            (world.registers("alice").await, world.registers("bob").await, world.registers("carol").await);
        let mut rooms = Vec::new();
        for number in 0..5 {
            rooms.push(alice.founds(&format!("Room {number}"), &[&bob, &carol]).await);
        }
        bob.sends("up", &rooms[1]).await;
        let names = [json!("Room 1"), json!("Room 4"), json!("Room 3"), json!("Room 2"), json!("Room 0")];
        assert_eq!(every(&alice.inbox().await, "name"), names.iter().collect::<Vec<_>>());
        assert_eq!(every(&alice.all("/v1/conversations?limit=2").await, "name"), names.iter().collect::<Vec<_>>());
        let first = alice.get("/v1/conversations?limit=2").await.ok(200);
        assert_eq!((&first["has_more"], first["items"].as_array().unwrap().len()), (&json!(true), 2));
    }
}

both_modes! {
    async fn a_group_has_three_to_five_hundred_members_exactly(world: &mut World) {
        let alice = world.registers("alice").await;
        let ids = world.registers_a_crowd(520).await;
        let group = |ids: &[String]| json!({"type": "group", "name": "Crowd", "member_ids": ids});
        alice.post("/v1/conversations", group(&ids[..1])).await.invalid("/member_ids");
        alice.post("/v1/conversations", group(&ids[..2])).await.ok(201);
        alice.post("/v1/conversations", group(&ids[..500])).await.invalid("/member_ids");
        let room = Room::from_json(alice.post("/v1/conversations", group(&ids[..499])).await.ok(201));
        assert_eq!(alice.sees(&room).await["member_count"], 500);
        let one_more = json!({"account_id": ids[499]});
        alice.post(&room.path("/members"), one_more).await.problem(409, "GROUP_FULL");
        assert_eq!(alice.all(&room.path("/members?limit=100")).await.len(), 500);

        // Of many at once as many come in as there are places.
        let room = Room::from_json(alice.post("/v1/conversations", group(&ids[..497])).await.ok(201));
        assert_eq!(alice.sees(&room).await["member_count"], 498);
        let path = room.path("/members");
        let adds = ids[497..].iter().map(|id| alice.post(&path, json!({"account_id": id})));
        let replies = futures_util::future::join_all(adds).await;
        let added = replies.iter().filter(|reply| reply.status == 201).count();
        replies.iter().filter(|reply| reply.status != 201).for_each(|reply| drop(reply.problem(409, "GROUP_FULL")));
        assert_eq!((added, replies.len()), (2, 23));
        assert_eq!(alice.sees(&room).await["member_count"], 500);
        assert_eq!(alice.all(&room.path("/members?limit=100")).await.len(), 500);
    }
}
