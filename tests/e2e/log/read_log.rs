//! Reading the log over HTTP.

use domain::account::values::Role;
use serde_json::{Value, json};
use tests::both_modes;
use tests::feed::number;
use tests::matchers::{assert_time, every};
use tests::person::Person;
use tests::world::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

async fn analyst(world: &World) -> Person {
    let analyst = world.registers("analyst_1").await;
    world.grants(&analyst, Role::Analyst).await;
    analyst
}

/// One's new role counts within 2 s; a read that needs it is tried until then.
async fn log(analyst: &Person, query: &str) -> Value {
    let ask = || async {
        let reply = analyst.get(&format!("/v1/log?{query}")).await;
        (reply.status != 403).then(|| reply.ok(200))
    };
    tests::wait::eventually("the role counts", ask).await
}

both_modes! {
    async fn an_analyst_reads_every_event_in_order_and_no_words(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        alice.sends("very secret words", &room).await;
        let analyst = analyst(world).await;
        let page = log(&analyst, "from=0&limit=100").await;
        let items = page["items"].as_array().unwrap();
        let positions: Vec<u64> = items.iter().map(|item| number(&item["position"])).collect();
        assert!(positions.windows(2).all(|pair| pair[0] < pair[1]), "{positions:?}");
        assert_eq!(positions.len() as u64, world.head(), "an embedded log is dense");
        let sent = items.iter().find(|item| item["type"] == "MessageSent").expect("the message");
        for field in ["position", "stream", "revision", "id", "type", "schema_version", "occurred_at", "recorded_at",
            "actor", "correlation_id", "causation_id", "payload"] {
            assert!(sent.get(field).is_some(), "no {field}: {sent}");
        }
        assert_eq!(sent["stream"], format!("timeline-{}", room.id));
        assert_time(&sent["occurred_at"]);
        assert!(!page.to_string().contains("secret"), "no words");
        assert!(!page.to_string().contains("alice"), "no names");
    }

    async fn it_is_filtered_by_type_stream_and_direction(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        for text in ["one", "two", "three"] {
            alice.sends(text, &room).await;
        }
        let analyst = analyst(world).await;
        let sent = log(&analyst, "from=0&types=MessageSent").await;
        assert_eq!(every(sent["items"].as_array().unwrap(), "revision"), [&json!("0"), &json!("1"), &json!("2")]);
        let prefix = log(&analyst, &format!("from=0&stream_prefix=conversation-{}", room.id)).await;
        let types = every(prefix["items"].as_array().unwrap(), "type");
        assert_eq!(types, [&json!("ConversationCreated"), &json!("MemberJoined"), &json!("MemberJoined")]);
        let newest = log(&analyst, "direction=backward&limit=2&types=MessageSent").await;
        assert_eq!(every(newest["items"].as_array().unwrap(), "revision"), [&json!("2"), &json!("1")]);
        let stream = analyst.get(&format!("/v1/log/streams/timeline-{}", room.id)).await.ok(200);
        assert_eq!(stream["items"].as_array().unwrap().len(), 3);
        for bad in ["types=NoSuchType", "limit=0", "limit=x", "direction=sideways", "from=-1", "nope=1"] {
            let reply = analyst.get(&format!("/v1/log?{bad}")).await;
            assert!([400, 422].contains(&reply.status), "{bad}: {}", reply.text());
            reply.any_problem();
        }
        let head = world.head();
        assert_eq!(log(&analyst, &format!("from={head}")).await["items"], json!([]), "up to the head is this log");
        for direction in ["forward", "backward"] {
            let path = format!("/v1/log?from={}&direction={direction}", head + 1_000);
            analyst.get(&path).await.problem(409, "LOG_CHANGED");
            analyst.ask("GET", &path).header("accept", "application/x-ndjson").send().await.problem(409, "LOG_CHANGED");
        }
        for bad in ["nothing-1", "timeline", "x"] {
            analyst.get(&format!("/v1/log/streams/{bad}")).await.problem(404, "NOT_FOUND");
        }
    }

    async fn as_lines_it_streams_everything(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        for number in 0..120 {
            alice.sends(&number.to_string(), &room).await;
        }
        let analyst = analyst(world).await;
        log(&analyst, "limit=1").await;
        let reply = analyst.ask("GET", "/v1/log?from=0&types=MessageSent").header("accept", "application/x-ndjson");
        let reply = reply.send().await;
        reply.ok(200);
        assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
        let lines: Vec<Value> = reply.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(lines.len(), 120);
    }

    async fn lines_break_off_when_the_session_is_over(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        for round in 0..5 {
            // More than a connection holds on its way.
            let message = |n| json!({"conversation_id": room.id, "idempotency_key": format!("{round}-{n}"), "text": "x".repeat(3_000)});
            let messages: Vec<Value> = (0..500).map(message).collect();
            alice.post("/v1/messages/sync", json!({"messages": messages})).await.ok(200);
        }
        let analyst = analyst(world).await;
        log(&analyst, "limit=1").await;
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let address = world.http.base.strip_prefix("http://").and_then(|text| text.parse().ok()).expect("an address");
        let mut stream = socket.connect(address).await.expect("a connection");
        let request = format!(
            "GET /v1/log?from=0 HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\naccept: application/x-ndjson\r\n\
             connection: close\r\n\r\n",
            analyst.token
        );
        stream.write_all(request.as_bytes()).await.expect("an open connection");
        let mut answer = vec![0; 12];
        stream.read_exact(&mut answer).await.expect("an answer");
        assert_eq!(answer, b"HTTP/1.1 200");
        analyst.delete("/v1/sessions/current").await.ok(204);
        // It may be reset, which is no end either.
        drop(stream.read_to_end(&mut answer).await);
        assert!(!answer.ends_with(b"0\r\n\r\n"), "{} bytes, to the end", answer.len());
    }

    async fn others_are_told_that_they_need_a_role(world: &mut World) {
        let alice = world.registers("alice").await;
        for path in ["/v1/log", "/v1/log/streams/timeline-x"] {
            alice.get(path).await.problem(403, "ROLE_REQUIRED");
            world.http.ask("GET", path).send().await.problem(401, "UNAUTHENTICATED");
        }
        let admin = world.registers("admin_2").await;
        world.grants(&admin, Role::Admin).await;
        admin.get("/v1/log").await.problem(403, "ROLE_REQUIRED");
    }
}
