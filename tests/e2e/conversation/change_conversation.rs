//! What a group is called.

use futures_util::future::join_all;
use serde_json::json;
use tests::both_modes;

both_modes! {
    async fn admins_change_only_what_they_send(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let changed = alice.changes(&room, json!({"description": "for tools"})).await.ok(200);
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Garden"), &json!("for tools")));
        alice.makes(&bob, "admin", &room).await.ok(200);
        let changed = bob.changes(&room, json!({"name": "Shed"})).await.ok(200);
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Shed"), &json!("for tools")));
        let seen = carol.sees(&room).await;
        assert_eq!((&seen["name"], &seen["description"]), (&json!("Shed"), &json!("for tools")));
        let changed = alice.changes(&room, json!({"description": null})).await.ok(200);
        assert_eq!((&changed["name"], &changed["description"]), (&json!("Shed"), &json!(null)));
        carol.changes(&room, json!({"name": "Mine"})).await.problem(403, "NOT_PERMITTED");
        assert_eq!(carol.inbox().await[0]["name"], "Shed");
    }

    async fn what_is_so_already_appends_nothing(world: &mut World) {
        let (alice, _, _, room) = world.three_in_a_room().await;
        let head = world.head();
        for same in [json!({}), json!({"name": "Garden"}), json!({"name": "Garden", "description": null})] {
            assert_eq!(alice.changes(&room, same).await.ok(200)["name"], "Garden");
        }
        assert_eq!(world.head(), head);
    }

    async fn it_is_seen_live_by_members_only(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        carol.removes(&carol, &room).await.ok(204);
        let (mut his, mut hers) = (bob.feed().await, carol.feed().await);
        alice.changes(&room, json!({"name": "Shed"})).await.ok(200);
        let updated = his.event("conversation.updated").await;
        let expected = json!({"id": room.id, "type": "group", "name": "Shed", "description": null,
            "privacy_mode": "searchable", "created_by": alice.id, "created_at": room.json["created_at"],
            "closed_at": null});
        assert_eq!(updated, expected);
        let other = carol.meets(&bob).await;
        let first = hers.events_until(|frame| frame["type"] == "conversation.created").await;
        assert!(first.iter().all(|frame| frame["type"] != "conversation.updated"), "{first:?}");
        assert_eq!(carol.get(&room.path("")).await.ok(200)["name"], "Garden", "as it was called when she left");
        let with_left = carol.all("/v1/conversations?left=true&limit=10").await;
        let names: Vec<_> = with_left.iter().map(|room| (room["name"].clone(), room["left"].clone())).collect();
        assert_eq!(names, [(json!(null), json!(false)), (json!("Garden"), json!(true))]);
        assert_eq!(with_left[0]["id"], other.id.as_str());
        his.closes().await;
        hers.closes().await;
    }

    async fn who_changed_it_at_the_same_moment_as_somebody_else_does_not_overwrite_that_unseen(world: &mut World) {
        let (alice, _, _, room) = world.three_in_a_room().await;
        let names = ["one", "two", "three", "four"];
        for _ in 0..10 {
            let mut last = Vec::new();
            for (name, reply) in names.iter().zip(join_all(names.map(|name| alice.changes(&room, json!({"name": name})))).await) {
                assert_eq!(reply.ok(200)["name"], *name);
                last.push((name, reply.header("etag").expect("an entity tag").to_owned()));
            }
            let now = alice.get(&room.path("")).await;
            let (name, tag) = (now.ok(200)["name"].clone(), now.header("etag").expect("an entity tag"));
            assert!(last.iter().all(|(told, told_tag)| (told_tag == tag) == (name == ***told)), "{last:?}, now {name} {tag}");
        }
    }

    async fn a_change_of_nothing_is_answered_as_of_its_position(world: &mut World) {
        let (alice, _, _, room) = world.three_in_a_room().await;
        let names = ["one", "two", "three"];
        let mut known = vec![(0, "Garden".to_owned())];
        for _ in 0..20 {
            let nothing = join_all((0..5).map(|_| alice.changes(&room, json!({}))));
            let changes = join_all(names.map(|name| alice.changes(&room, json!({"name": name}))));
            let (nothing, changes) = tokio::join!(nothing, changes);
            known.extend(changes.iter().zip(names).map(|(reply, name)| (reply.position().expect("a position"), name.to_owned())));
            known.sort_unstable();
            for reply in nothing {
                let position = reply.position().expect("a position");
                let expected = known.iter().rfind(|(at, _)| *at <= position).expect("the first name");
                assert_eq!(reply.ok(200)["name"], expected.1, "at {position} of {known:?}");
            }
        }
    }

    async fn a_tag_of_before_is_refused(world: &mut World) {
        let (alice, _, _, room) = world.three_in_a_room().await;
        let before = alice.get(&room.path("")).await.header("etag").expect("an entity tag").to_owned();
        let change = |tag: &str, name: &str| {
            alice.ask("PUT", &room.path("")).header("if-match", tag).json(&json!({"name": name})).send()
        };
        let reply = change(&before, "Shed").await;
        assert_eq!(reply.ok(200)["name"], "Shed");
        let after = reply.header("etag").expect("an entity tag").to_owned();
        assert_eq!(alice.get(&room.path("")).await.header("etag"), Some(after.as_str()));
        change(&before, "Barn").await.problem(412, "PRECONDITION_FAILED");
        alice.ask("DELETE", &room.path("")).header("if-match", before).send().await.problem(412, "PRECONDITION_FAILED");
        change(&after, "Barn").await.ok(200);
    }

    async fn what_cannot_be_meant_is_refused(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let head = world.head();
        for (body, pointer) in [
            (json!({"name": ""}), "/name"),
            (json!({"name": null}), "/name"),
            (json!({"name": "n".repeat(101)}), "/name"),
            (json!({"name": 5}), "/name"),
            (json!({"description": "d".repeat(501)}), "/description"),
            (json!({"privacy_mode": "strict_e2e"}), "/privacy_mode"),
        ] {
            alice.changes(&room, body).await.invalid(pointer);
        }
        assert_eq!(world.head(), head);
        let direct = alice.meets(&bob).await;
        alice.changes(&direct, json!({"name": "Us"})).await.problem(409, "GROUP_ONLY");
        let mallory = world.registers("mallory").await;
        mallory.changes(&room, json!({"name": "Mine"})).await.problem(404, "NOT_FOUND");
    }
}
