//! Positions, waits, ids of requests and of logs, security headers.

use serde_json::json;
use std::time::{Duration, Instant};
use tests::both_modes;

both_modes! {
    async fn a_query_waits_for_the_position_that_it_names(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        for number in 0..20 {
            let sent = alice.post(&room.path("/messages"), json!({"text": number.to_string()})).await;
            let position = sent.header("tidings-position").expect("a position");
            let read = bob.ask("GET", &room.path("/messages?limit=1")).at_once();
            let read = read.header("tidings-min-position", position).header("tidings-wait-ms", "5000").send().await;
            assert_eq!(read.ok(200)["items"][0]["text"], number.to_string(), "one reads what was written before");
            assert!(read.position() >= sent.position());
        }
    }

    async fn a_position_of_another_log_or_beyond_the_head_is_refused(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        alice.sees(&room).await;
        let ask = || alice.ask("GET", &room.path("")).at_once();
        let seen = ask().send().await;
        let log = seen.header("tidings-log").expect("every position names its log").to_owned();
        let position = seen.header("tidings-position").expect("a position").to_owned();
        ask().header("tidings-min-position", &*position).header("tidings-log", &*log).send().await.ok(200);
        let beyond = (world.head() + 1000).to_string();
        ask().header("tidings-min-position", beyond).send().await.problem(409, "LOG_CHANGED");
        let other = "00000000-0000-4000-8000-000000000000";
        let reply = ask().header("tidings-min-position", "1").header("tidings-log", other).send().await;
        reply.problem(409, "LOG_CHANGED");
    }

    async fn a_refusal_says_on_which_head_it_was_decided(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mallory = world.registers("mallory").await;
        let direct = alice.meets(&bob).await;
        let text = json!({"text": "x"});
        let keyed = |text: &str| {
            let ask = alice.ask("POST", &room.path("/messages")).header("idempotency-key", "once");
            ask.json(&json!({"text": text}))
        };
        keyed("first").send().await.ok(201);
        let nobody = json!({"account_id": "00000000-0000-7000-8000-00000000dead"});
        let hand_over = alice.ask("DELETE", &room.path(&format!("/members/{}", alice.id)));
        let stale = alice.ask("PUT", &room.path("")).header("if-match", "\"r0\"").json(&json!({"name": "Yard"}));
        let stale_of_two =
            alice.ask("PUT", &room.path("")).header("if-match", "\"r0\", \"r1\"").json(&json!({"name": "Yard"}));
        let refused = [
            (mallory.ask("POST", &room.path("/messages")).json(&text), 404, "NOT_FOUND"),
            (bob.ask("DELETE", &room.path(&format!("/members/{}", carol.id))), 403, "NOT_PERMITTED"),
            (alice.ask("PUT", &direct.path("")).json(&json!({"name": "We"})), 409, "GROUP_ONLY"),
            (hand_over, 409, "OWNER_MUST_HAND_OVER"),
            (stale, 412, "PRECONDITION_FAILED"),
            (stale_of_two, 412, "PRECONDITION_FAILED"),
            (alice.ask("POST", &room.path("/members")).json(&nobody), 422, "VALIDATION_FAILED"),
            (keyed("second"), 422, "IDEMPOTENCY_KEY_REUSED"),
        ];
        let log = alice.get(&room.path("")).await.header("tidings-log").expect("an id").to_owned();
        for (ask, status, code) in refused {
            let before = world.head();
            let reply = ask.send().await;
            reply.problem(status, code);
            let position = reply.position().unwrap_or_else(|| panic!("{}: no position", reply.request));
            assert!((before..=world.head()).contains(&position), "{}: {position}", reply.request);
            assert_eq!(reply.header("tidings-log"), Some(&*log));
        }
        let unread = alice.ask("POST", &room.path("/messages")).json(&json!({"text": ""})).send().await;
        unread.problem(422, "VALIDATION_FAILED");
        assert_eq!(unread.position(), None, "nobody asked the log");
    }

    async fn every_answer_has_its_headers(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let sent = alice.ask("POST", &room.path("/messages")).header("x-request-id", "my-own-id-7");
        let sent = sent.json(&json!({"text": "x"})).send().await;
        sent.ok(201);
        assert_eq!(sent.header("x-request-id"), Some("my-own-id-7"));
        assert!(sent.header("server-timing").is_some_and(|timing| timing.contains("dur=")), "the stages of a command");
        for reply in [&sent, &alice.get("/v1/conversations").await, &alice.get("/nowhere").await] {
            for (name, value) in [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer")] {
                assert_eq!(reply.header(name), Some(value), "{}", reply.request);
            }
            assert!(reply.header("x-request-id").is_some_and(|id| !id.is_empty()));
            assert!(reply.header("content-security-policy").is_some());
        }
    }

    async fn a_connection_that_says_nothing_does_not_hold_the_server(world: &mut World) {
        use tokio::io::AsyncWriteExt;
        let address = world.http.base.trim_start_matches("http://").to_owned();
        let mut silent = Vec::new();
        for _ in 0..20 {
            let mut socket = tokio::net::TcpStream::connect(&address).await.expect("a connection");
            socket.write_all(b"POST /v1/accounts HTTP/1.1\r\nHost: x\r\nContent-Le").await.expect("sent");
            silent.push(socket);
        }
        let started = Instant::now();
        world.registers("alice").await;
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
