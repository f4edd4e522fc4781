//! Commands over the feed: the same path as over HTTP.

use serde_json::json;
use tests::both_modes;
use tests::matchers::texts;

both_modes! {
    async fn every_command_works_over_the_feed(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let (carol, dave) = (world.registers("carol").await, world.registers("dave").await);
        let mut feed = alice.feed().await;
        let body = json!({"type": "group", "name": "Garden", "member_ids": [bob.id, carol.id]});
        let ack = feed.command("CreateConversation", None, body).await;
        assert_eq!((&ack["op"], &ack["status"]), (&json!("ack"), &json!(201)), "{ack}");
        let id = ack["data"]["id"].as_str().unwrap().to_owned();
        let sent = feed.command("SendMessage", Some("k1"), json!({"id": id, "text": "over the socket"})).await;
        assert_eq!((&sent["status"], &sent["data"]["seq"]), (&json!(201), &json!(1)), "{sent}");
        assert_eq!(sent["position"], sent["data"]["position"]);
        let message = sent["data"]["id"].clone();
        let steps = [
            ("EditMessage", json!({"id": message, "text": "changed"}), 200),
            ("AddReaction", json!({"id": message, "emoji": "👍"}), 201),
            ("AddReaction", json!({"id": message, "emoji": "👍"}), 200),
            ("RemoveReaction", json!({"id": message, "emoji": "👍"}), 204),
            ("AddMember", json!({"id": id, "account_id": dave.id}), 201),
            ("RemoveMember", json!({"id": id, "account_id": dave.id}), 204),
            ("MarkRead", json!({"id": id, "seq": 1}), 204),
            ("PostStory", json!({"text": "a story", "privacy": "public"}), 201),
            ("DeleteMessage", json!({"id": message}), 204),
        ];
        for (name, body, status) in steps {
            let ack = feed.command(name, None, body).await;
            assert_eq!((&ack["op"], &ack["status"]), (&json!("ack"), &json!(status)), "{name}: {ack}");
        }
        let room = tests::room::Room::from_json(json!({"id": id}));
        assert_eq!(texts(&bob.timeline(&room).await), [None]);
        feed.closes().await;
    }

    async fn a_key_is_the_same_over_http_and_over_the_feed(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let mut feed = alice.feed().await;
        let over_feed = feed.command("SendMessage", Some("k"), json!({"id": room.id, "text": "once"})).await;
        let over_http = alice.ask("POST", &room.path("/messages")).key("k").json(&json!({"text": "once"})).send().await;
        assert!(over_http.is_replay());
        assert_eq!(over_http.ok(201), over_feed["data"]);
        let other = feed.command("SendMessage", Some("k"), json!({"id": room.id, "text": "another"})).await;
        assert_eq!((&other["op"], &other["problem"]["code"]), (&json!("reject"), &json!("IDEMPOTENCY_KEY_REUSED")));
        assert_eq!(texts(&alice.timeline(&room).await), [Some("once")]);
        feed.closes().await;
    }

    async fn what_is_refused_is_rejected_with_the_same_problem(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let said = alice.sends("mine", &room).await;
        let mut feed = bob.feed().await;
        let head = world.head();
        let cases = [
            ("EditMessage", json!({"id": said.id, "text": "his"}), 403, "NOT_PERMITTED"),
            ("SendMessage", json!({"id": "00000000-0000-7000-8000-000000000000", "text": "x"}), 404, "NOT_FOUND"),
            ("SendMessage", json!({"id": "x", "text": "x"}), 404, "NOT_FOUND"),
            ("SendMessage", json!({"id": room.id, "text": ""}), 422, "VALIDATION_FAILED"),
            ("SendMessage", json!({"id": room.id, "text": 5}), 422, "VALIDATION_FAILED"),
            ("SendMessage", json!({"id": room.id, "text": "x", "colour": "red"}), 422, "VALIDATION_FAILED"),
            ("SendMessage", json!({"text": "x"}), 422, "VALIDATION_FAILED"),
            ("AddReaction", json!({"id": said.id, "emoji": "no"}), 422, "VALIDATION_FAILED"),
        ];
        for (name, body, status, code) in cases {
            let reject = feed.command(name, None, body.clone()).await;
            let got = (&reject["op"], &reject["problem"]["status"], &reject["problem"]["code"]);
            assert_eq!(got, (&json!("reject"), &json!(status), &json!(code)), "{name} {body}: {reject}");
        }
        let unknown = feed.command("FlyToTheMoon", None, json!({})).await;
        assert_eq!(unknown["op"], "reject", "{unknown}");
        let bad_key = feed.command("SendMessage", Some("with space"), json!({"id": room.id, "text": "x"})).await;
        assert_eq!(bad_key["op"], "reject", "{bad_key}");
        assert_eq!(world.head(), head, "nothing changed");
        feed.closes().await;
    }
}
