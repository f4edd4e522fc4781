//! Sending, and reading what was sent.

use futures_util::future::join_all;
use serde_json::json;
use std::collections::BTreeSet;
use tests::both_modes;
use tests::matchers::{assert_gapless, assert_time, every, texts};

both_modes! {
    async fn the_other_reads_what_was_sent(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let body = json!({"text": "Ja, grüß dich 👋\nsecond line", "client_ref": "draft-7"});
        let reply = alice.post(&room.path("/messages"), body).await;
        let sent = reply.ok(201);
        let expected = [
            ("conversation_id", json!(room.id)), ("seq", json!(1)), ("sender_id", json!(alice.id)),
            ("text", json!("Ja, grüß dich 👋\nsecond line")), ("reply_to", json!(null)), ("reply_count", json!(0)),
            ("client_ref", json!("draft-7")), ("edited_at", json!(null)), ("deleted_at", json!(null)),
            ("reactions", json!([])), ("mentions", json!([])), ("media", json!([])),
            ("position", json!(reply.header("tidings-position"))),
        ];
        for (field, value) in expected {
            assert_eq!(sent[field], value, "{field}");
        }
        assert_time(&sent["sent_at"]);
        assert_eq!(sent["id"], format!("{}-1", room.id));
        assert_eq!(bob.timeline(&room).await, std::slice::from_ref(&sent));
        let path = format!("/v1/messages/{}-1", room.id);
        let one = bob.get(&path).await;
        assert_eq!((one.ok(200), one.header("etag")), (sent.clone(), Some("\"r-\"")));
        assert_eq!(bob.sees(&room).await["last_message"]["text"], sent["text"]);
    }

    async fn it_is_seen_live_by_every_device_of_every_member(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut feeds = [alice.feed().await, bob.feed().await, bob.signs_in().await.feed().await];
        let sent = alice.sends("hello", &room).await;
        for feed in &mut feeds {
            assert_eq!(feed.event("message.sent").await, sent.json);
        }
        for feed in feeds {
            feed.closes().await;
        }
    }

    async fn a_reply_names_its_root_and_counts_there(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let root = alice.sends("root", &room).await;
        for text in ["one", "two"] {
            assert_eq!(bob.replies(text, &root, &room).await.json["reply_to"], 1);
        }
        assert_eq!(every(&alice.timeline(&room).await, "reply_count"), [&json!(2), &json!(0), &json!(0)]);
        let lost = json!({"text": "lost", "reply_to": 99});
        alice.post(&room.path("/messages"), lost).await.invalid("/reply_to");
    }

    async fn five_messages_come_back_in_ascending_order_and_by_the_servers_clock(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for number in 1..=5 {
            alice.sends(&format!("message {number}"), &room).await;
        }
        let timeline = bob.timeline(&room).await;
        assert_gapless(&timeline);
        let expected: Vec<String> = (1..=5).map(|number| format!("message {number}")).collect();
        assert_eq!(texts(&timeline), expected.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>());
        let times: Vec<&str> = timeline.iter().map(|message| message["sent_at"].as_str().expect("a time")).collect();
        assert!(times.is_sorted(), "{times:?}");
        // A client's clock and count are never asked, so a wrong one changes nothing.
        for (field, value) in [("sent_at", json!("2001-01-01T00:00:00.000Z")), ("seq", json!(1)), ("sender_id", json!(bob.id))] {
            let mut body = json!({"text": "from long ago"});
            body[field] = value;
            alice.post(&room.path("/messages"), body).await.problem(422, "VALIDATION_FAILED");
        }
        assert_eq!(bob.timeline(&room).await.len(), 5);
    }

    async fn pages_go_both_ways_and_around(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for number in 1..=12 {
            alice.sends(&number.to_string(), &room).await;
        }
        let cases = [
            ("limit=5", 8..=12, false, true),
            ("after=0&limit=5", 1..=5, true, false),
            ("after=10&limit=5", 11..=12, false, true),
            ("before=4&limit=5", 1..=3, true, false),
            ("before=10&limit=5", 5..=9, false, false),
            ("limit=100", 1..=12, true, true),
        ];
        for (query, seqs, oldest, newest) in cases {
            let page = bob.get(&room.path(&format!("/messages?{query}"))).await.ok(200);
            let expected: Vec<_> = seqs.map(|seq: u64| json!(seq)).collect();
            let items = page["items"].as_array().unwrap();
            assert_eq!(every(items, "seq"), expected.iter().collect::<Vec<_>>(), "{query}");
            assert_eq!((&page["found_oldest"], &page["found_newest"]), (&json!(oldest), &json!(newest)), "{query}");
        }
        let around = bob.get(&room.path("/messages?around=6&limit=5")).await.ok(200);
        let around = around["items"].as_array().unwrap();
        assert!(around.len() == 5 && around.iter().any(|message| message["seq"] == 6), "{around:?}");
        for bad in ["before=4&after=1", "limit=0", "limit=101", "limit=x", "after=-1", "after=x", "nope=1"] {
            bob.get(&room.path(&format!("/messages?{bad}"))).await.problem(422, "VALIDATION_FAILED");
        }
    }

    async fn texts_that_do_not_fit_are_refused(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let head = world.head();
        for bad in [json!(""), json!("é".repeat(10_001)), json!(1), json!(null), json!(["x"]), json!("a\u{0}b")] {
            alice.post(&room.path("/messages"), json!({"text": bad})).await.invalid("/text");
        }
        alice.post(&room.path("/messages"), json!({})).await.invalid("/text");
        let long_ref = json!({"text": "x", "client_ref": "r".repeat(65)});
        alice.post(&room.path("/messages"), long_ref).await.invalid("/client_ref");
        assert_eq!(world.head(), head);
        let longest = "é".repeat(10_000);
        assert_eq!(alice.sends(&longest, &room).await.json["text"], longest);
    }

    async fn a_stranger_can_neither_write_nor_read(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("secret", &room).await;
        let mallory = world.registers("mallory").await;
        mallory.post(&room.path("/messages"), json!({"text": "hi"})).await.problem(404, "NOT_FOUND");
        mallory.get(&room.path("/messages")).await.problem(404, "NOT_FOUND");
        mallory.get(&said.path("")).await.problem(404, "NOT_FOUND");
        alice.get(&format!("/v1/messages/{}-2", room.id)).await.problem(404, "NOT_FOUND");
    }

    async fn the_same_key_fifty_times_at_once_is_one_message(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let ask = || alice.ask("POST", &room.path("/messages")).key("once").json(&json!({"text": "only once"})).send();
        let replies = join_all((0..50).map(|_| ask())).await;
        let bodies: BTreeSet<String> = replies.iter().map(|reply| reply.ok(201).to_string()).collect();
        let positions: BTreeSet<_> = replies.iter().map(|reply| reply.position()).collect();
        assert_eq!((bodies.len(), positions.len()), (1, 1), "every answer is the same: {bodies:?}");
        assert_eq!(replies.iter().filter(|reply| reply.is_replay()).count(), 49);
        assert_eq!(texts(&alice.timeline(&room).await), [Some("only once")]);
    }

    async fn a_key_belongs_to_one_person_one_command_and_one_body(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let path = room.path("/messages");
        let send = |person: &tests::person::Person, text: &str| {
            person.ask("POST", &path).key("k").json(&json!({"text": text})).send()
        };
        let first = send(&alice, "hers").await.ok(201);
        send(&bob, "his").await.ok(201);
        send(&alice, "another").await.problem(422, "IDEMPOTENCY_KEY_REUSED");
        let react = alice.ask("POST", &format!("/v1/messages/{}/reactions", first["id"].as_str().unwrap()));
        react.key("k").json(&json!({"emoji": "👍"})).send().await.ok(201);
        for bad in ["", "with space", &"k".repeat(129)] {
            let reply = alice.ask("POST", &path).key(bad).json(&json!({"text": "x"})).send().await;
            reply.problem(400, "BAD_HEADER");
        }
        assert_eq!(texts(&alice.timeline(&room).await), [Some("hers"), Some("his")]);
    }

    async fn a_repeat_after_a_restart_is_still_a_repeat(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let body = json!({"text": "before"});
        let first = alice.ask("POST", &room.path("/messages")).key("k").json(&body).send().await;
        world.restarts().await;
        let alice = tests::person::Person { http: world.http.clone(), ..alice };
        let again = alice.ask("POST", &room.path("/messages")).key("k").json(&body).send().await;
        assert!(again.is_replay());
        assert_eq!((again.ok(201), again.position()), (first.ok(201), first.position()));
    }

    async fn many_senders_at_once_get_numbers_without_a_gap(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mut feed = carol.feed().await;
        let people = [&alice, &bob, &carol];
        let sends = (0..90).map(|number| {
            let (person, room) = (people[number % 3], &room);
            async move { person.sends(&number.to_string(), room).await }
        });
        let said = join_all(sends).await;
        let seqs: BTreeSet<u64> = said.iter().map(|said| said.seq).collect();
        assert_eq!(seqs, (1..=90).collect());
        assert_gapless(&bob.timeline(&room).await);
        for seq in 1..=90_u64 {
            assert_eq!(feed.event("message.sent").await["seq"], seq, "the feed is in log order");
        }
        feed.closes().await;
    }

    async fn a_strict_conversation_takes_no_clear_text(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let body = json!({"type": "direct", "participant_id": bob.id, "privacy_mode": "strict_e2e"});
        let room = tests::room::Room::from_json(alice.post("/v1/conversations", body).await.ok(201));
        alice.post(&room.path("/messages"), json!({"text": "clear"})).await.problem(409, "CIPHERTEXT_REQUIRED");
    }
}
