//! Positions, waits, ids of requests and of logs, security headers.

use super::matrix::{CALLERS, People, ask, rows};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::collector::Collector;
use tests::operations::{Operation, operations};
use tests::person::PASSWORD;

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

    async fn every_command_says_how_long_its_stages_took_in_its_answer_and_in_its_trace(world: &mut World) {
        let mut collector = Collector::starts().await;
        world.traces_to(&collector.endpoint).await;
        let people = People::come(world).await;
        let commands: Vec<Operation> =
            operations(&world.http).await.into_iter().filter(Operation::is_command).collect();
        let (mut names, mut silent) = (BTreeSet::new(), Vec::new());
        // In the table's order: who is erased on somebody's order is gone for what comes after.
        for row in rows() {
            let is_of_row = |operation: &&Operation| operation.method == row.method && operation.template == row.template;
            let Some(operation) = commands.iter().find(is_of_row) else { continue };
            let scene = people.scene().await;
            let reply = match (row.method, row.template) {
                // What the table only tries.
                ("PUT", "/v1/me/password") => {
                    let body = json!({"current_password": PASSWORD, "new_password": "another one of theirs"});
                    world.registers("changes_it").await.put("/v1/me/password", body).await
                }
                ("POST", "/v1/sessions/refresh") => {
                    let body = json!({"username": "target", "password": PASSWORD});
                    let session = world.http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201);
                    let body = json!({"refresh_token": session["refresh_token"]});
                    world.http.ask("POST", "/v1/sessions/refresh").json(&body).send().await
                }
                ("POST", "/v1/messages/sync") => {
                    let message =
                        json!({"conversation_id": scene.room.id, "idempotency_key": "k", "text": "from offline"});
                    let reply = people.named("author").post("/v1/messages/sync", json!({"messages": [message]})).await;
                    assert_eq!(reply.json()["results"][0]["status"], "accepted", "{}", reply.text());
                    reply
                }
                (method, template) => {
                    let mut may = CALLERS.into_iter().zip(row.expected).filter(|(_, expected)| *expected < 400);
                    let (caller, _) = may.next_back().unwrap_or_else(|| panic!("nobody may {method} {template}"));
                    ask(world, &people, &scene, &row, caller).await
                }
            };
            assert!(reply.status < 400, "{}: {} {}", reply.request, reply.status, reply.text());
            let timing = reply.header("server-timing").unwrap_or_default();
            let stages = ["read", "wait", "load", "decide", "append", "total"];
            if !stages.iter().all(|stage| timing.contains(&format!("{stage};dur="))) {
                silent.push(reply.request);
            }
            names.insert(operation.id.as_str());
        }
        let every: BTreeSet<&str> = commands.iter().map(|operation| operation.id.as_str()).collect();
        assert_eq!(names, every, "each command once");
        assert!(silent.is_empty(), "without the stages: {silent:#?}");
        let is_root = |span: &Span, name: &str| span.name == name && span.parent_span_id.is_empty();
        for name in names {
            let what = format!("the trace of a request {name}");
            collector.has(&what, |spans| spans.iter().any(|span| is_root(span, name))).await;
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
