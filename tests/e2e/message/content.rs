//! What is said in strictly encrypted conversations.

use serde_json::{Value, json};
use tests::both_modes;
use tests::person::{DEVICE, OTHER_DEVICE};
use tests::room::Said;

both_modes! {
    async fn ciphertext_goes_through_as_it_was_sent(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        let mut feed = bob.feed().await;
        let largest = "AAAA".repeat((64 << 10) / 3) + "AA==";
        let body = json!({"ciphertext": largest, "nonce": "BBBB", "scheme": "mls-1", "sender_key_id": key["key_id"],
            "recipients": "{\"device\":\"é\"}", "mentions": [bob.id, bob.id], "client_ref": "c-1"});
        let sent = alice.post(&room.path("/messages"), body.clone()).await.ok(201);
        for field in ["ciphertext", "nonce", "scheme", "sender_key_id", "recipients", "client_ref"] {
            assert_eq!(sent[field], body[field], "{field}");
        }
        assert_eq!((&sent["text"], &sent["mentions"]), (&Value::Null, &json!([bob.id])));
        assert_eq!(feed.event("message.sent").await, sent);
        assert_eq!(bob.timeline(&room).await, std::slice::from_ref(&sent));
        assert_eq!(bob.get(&Said::from_json(sent.clone()).path("")).await.ok(200), sent);
        assert_eq!(bob.sees(&room).await["last_message"], sent);
        feed.closes().await;
    }

    async fn it_is_edited_answered_reacted_to_and_deleted_like_a_text(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_strict_room().await;
        let first = alice.publishes(DEVICE, "AAAA").await;
        let second = alice.publishes(OTHER_DEVICE, "BBBB").await;
        let his = bob.publishes(DEVICE, "CCCC").await;
        let said = Said::from_json(alice.sends_encrypted("AQID", &first, &room).await.ok(201));
        let mut feed = bob.feed().await;
        let edit = |ciphertext: &str, key: &Value| {
            json!({"ciphertext": ciphertext, "nonce": "BBBB", "scheme": "mls-1", "sender_key_id": key["key_id"], "mentions": [bob.id]})
        };
        let edited = alice.put(&said.path(""), edit("BAUG", &second)).await.ok(200);
        assert_eq!((&edited["ciphertext"], &edited["sender_key_id"], &edited["mentions"]), (&json!("BAUG"), &second["key_id"], &json!([bob.id])));
        let frame = feed.event("message.edited").await;
        assert_eq!((&frame["ciphertext"], &frame["text"]), (&json!("BAUG"), &Value::Null));
        assert_eq!(bob.timeline(&room).await, [edited]);
        alice.put(&said.path(""), edit("BAUG", &his)).await.invalid("/sender_key_id");
        alice.put(&said.path(""), json!({"text": "clear"})).await.problem(409, "CIPHERTEXT_REQUIRED");

        let mut answer = edit("Cg==", &his);
        (answer["reply_to"], answer["mentions"]) = (json!(said.seq), json!([]));
        bob.post(&room.path("/messages"), answer).await.ok(201);
        bob.reacts("👍", &said).await.ok(201);
        assert_eq!(alice.timeline(&room).await[0]["reply_count"], 1);
        alice.deletes(&said).await.ok(204);
        let gone = bob.get(&said.path("")).await.ok(200);
        assert_eq!((&gone["ciphertext"], &gone["mentions"], gone["deleted_at"].is_string()), (&Value::Null, &json!([]), true));
        feed.closes().await;
    }

    async fn each_kind_of_conversation_takes_its_own_kind_of_content(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_strict_room().await;
        let (key, his) = (alice.publishes(DEVICE, "AAAA").await, bob.publishes(DEVICE, "CCCC").await);
        let carol = world.registers("carol").await;
        let open = alice.meets(&carol).await;
        let head = world.head();
        alice.post(&room.path("/messages"), json!({"text": "clear"})).await.problem(409, "CIPHERTEXT_REQUIRED");
        alice.sends_encrypted("AQID", &key, &open).await.problem(409, "TEXT_REQUIRED");
        alice.sends_encrypted("AQID", &his, &room).await.invalid("/sender_key_id");
        carol.sends_encrypted("AQID", &key, &room).await.problem(404, "NOT_FOUND");
        let whole = json!({"ciphertext": "AQID", "nonce": "BBBB", "scheme": "mls-1", "sender_key_id": key["key_id"]});
        let bad = [
            ("ciphertext", json!("")), ("ciphertext", json!("A")), ("ciphertext", json!("AAAA".repeat(22_000))),
            ("nonce", json!("")), ("nonce", json!("AAAA".repeat(22))), ("scheme", json!("")), ("scheme", json!("s".repeat(33))),
            ("sender_key_id", json!("x")), ("recipients", json!("r".repeat((64 << 10) + 1))), ("text", json!("clear")),
        ];
        for (field, value) in bad {
            let mut body = whole.clone();
            body[field] = value;
            alice.post(&room.path("/messages"), body).await.invalid(&format!("/{field}"));
        }
        let mut stranger = whole.clone();
        stranger["mentions"] = json!([bob.id, carol.id]);
        alice.post(&room.path("/messages"), stranger).await.invalid("/mentions/1");
        for missing in ["nonce", "scheme", "sender_key_id"] {
            let mut body = whole.clone();
            body.as_object_mut().unwrap().remove(missing);
            alice.post(&room.path("/messages"), body).await.invalid(&format!("/{missing}"));
        }
        assert_eq!(world.head(), head);
    }

    async fn a_repeat_with_the_same_key_is_the_same_message(world: &mut World) {
        let (alice, _, room) = world.two_in_a_strict_room().await;
        let key = alice.publishes(DEVICE, "AAAA").await;
        let body = json!({"ciphertext": "AQID", "nonce": "BBBB", "scheme": "mls-1", "sender_key_id": key["key_id"]});
        let send = || alice.ask("POST", &room.path("/messages")).key("once").json(&body).send();
        let (first, again) = (send().await, send().await);
        assert!(again.is_replay());
        assert_eq!(first.ok(201), again.ok(201));
    }
}
