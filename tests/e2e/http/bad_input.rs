//! Every endpoint with everything that it does not take: the documented problem, never a 500, and nothing changed.

use serde_json::{Value, json};
use tests::both_modes;
use tests::operations::{Operation, operations};
use tests::person::Person;
use tests::reply::Reply;
use tests::room::{Room, Said};

struct Scene {
    alice: Person,
    room: Room,
    said: Said,
}

impl Scene {
    fn path(&self, operation: &Operation) -> String {
        operation.path(|name| match name {
            "account_id" => self.alice.id.clone(),
            "emoji" => "%F0%9F%91%8D".to_owned(),
            // Of a projection.
            "name" => "messaging".to_owned(),
            _ if operation.template.contains("/messages/{") => self.said.id.clone(),
            _ => self.room.id.clone(),
        })
    }

    async fn send(&self, operation: &Operation, content_type: &str, body: Vec<u8>) -> Reply {
        self.alice.ask(&operation.method, &self.path(operation)).raw(content_type, body).send().await
    }
}

#[track_caller]
fn is(reply: &Reply, expected: &[(u16, &str)]) {
    let problem = reply.any_problem();
    let code = problem["code"].as_str().unwrap_or_default();
    let fits = expected.contains(&(reply.status, code));
    assert!(fits, "{}: expected one of {expected:?}, got {} {}", reply.request, reply.status, reply.text());
}

both_modes! {
    async fn bodies_that_are_not_as_they_should_be(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let said = alice.sends("stays", &room).await;
        // So that administrators' routes look at their bodies at all.
        world.grants(&alice, domain::account::values::Role::Admin).await;
        let scene = Scene { alice, room, said };
        let all = operations(&world.http).await;
        let head = world.head();
        let mut tried = 0;
        for operation in all.iter().filter(|operation| operation.body.is_some()) {
            let json_type = "application/json";
            for malformed in ["{", "", "{\"a\":}", "nonsense", "{} {}", "\u{feff}{}", "{'a':1}"] {
                if malformed.is_empty() && ["ViewStory", "CancelErasure"].contains(&&*operation.id) {
                    // Its body may be left out.
                    continue;
                }
                let reply = scene.send(operation, json_type, malformed.into()).await;
                is(&reply, &[(400, "MALFORMED_JSON")]);
            }
            is(&scene.send(operation, json_type, b"{\"text\":\"\xff\xfe\"}".to_vec()).await, &[(400, "MALFORMED_JSON")]);
            let half_a_pair = b"{\"text\":\"\\ud800\"}".to_vec();
            is(&scene.send(operation, json_type, half_a_pair).await, &[(400, "MALFORMED_JSON"), (422, "VALIDATION_FAILED")]);
            let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
            is(&scene.send(operation, json_type, deep.into()).await, &[(400, "MALFORMED_JSON"), (422, "VALIDATION_FAILED")]);
            for wrong in [json!([]), json!(null), json!("text"), json!(5), json!(true)] {
                let reply = scene.send(operation, json_type, wrong.to_string().into()).await;
                is(&reply, &[(422, "VALIDATION_FAILED"), (400, "MALFORMED_JSON")]);
            }
            for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""] {
                let body = operation.body.clone().unwrap_or_default().to_string();
                is(&scene.send(operation, content_type, body.into()).await, &[(415, "UNSUPPORTED_MEDIA_TYPE")]);
            }
            let large = json!({"text": "x".repeat(3 << 20)}).to_string();
            is(&scene.send(operation, json_type, large.into()).await, &[(413, "TOO_LARGE")]);
            fields(&scene, operation).await;
            tried += 1;
        }
        assert!(tried >= 9, "only {tried} operations have a body");
        assert_eq!(world.head(), head, "nothing was appended");
    }

    async fn ids_that_are_none(world: &mut World) {
        let (alice, _, _) = world.two_in_a_room().await;
        world.grants(&alice, domain::account::values::Role::Admin).await;
        let head = world.head();
        let bad = ["x", "0", "%00", "%ff", "..%2f..", "00000000-0000-7000-8000-00000000000", "%F0%9F%92%A9",
            "00000000-0000-7000-8000-00000000000A", "a'%3B--", "null"];
        for operation in operations(&world.http).await.iter().filter(|operation| operation.template.starts_with("/v1/")) {
            let is_log = operation.template.starts_with("/v1/log");
            if operation.parameters().is_empty() || is_log {
                continue;
            }
            for id in bad {
                let path = operation.path(|_| id.to_owned());
                let mut ask = alice.ask(&operation.method, &path);
                if operation.body.is_some() {
                    let fitting = [("AddMember", json!({"account_id": alice.id})), ("MarkRead", json!({"seq": 1})),
                        ("AddReaction", json!({"emoji": "👍"})),
                        ("GrantRole", json!({"role": "user", "reason": "x"})),
                        ("PublishDeviceKey", json!({"algorithm": "x25519", "public_key": "AAAA"})), ("ChangeConversation", json!({"name": "x"})),
                        ("ChangeMemberRole", json!({"role": "admin"})), ("ChangeMembership", json!({"pinned": true})),
                        ("ChangeRetention", json!({"days": 7})),
                        ("ChangeStoryPrivacy", json!({"privacy": "public"})), ("ViewStory", json!({})),
                        ("RebuildProjection", json!({"reason": "x"})), ("OrderErasure", json!({"reason": "x"}))];
                    let body = fitting.iter().find(|(id, _)| *id == operation.id);
                    ask = ask.json(&body.map_or(json!({"text": "x"}), |(_, body)| body.clone()));
                }
                is(&ask.send().await, &[(404, "NOT_FOUND")]);
            }
        }
        assert_eq!(world.head(), head);
    }

    async fn queries_that_are_not_as_they_should_be(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let lists = ["/v1/conversations".to_owned(), room.path("/members"), room.path("/messages")];
        for list in &lists {
            for bad in ["limit=0", "limit=101", "limit=-1", "limit=1.5", "limit=", "limit=x", "no_such=1",
                "limit=99999999999999999999"] {
                is(&alice.get(&format!("{list}?{bad}")).await, &[(422, "VALIDATION_FAILED")]);
            }
        }
        for bad in ["", "q=", "q=x&limit=0", "q=x&no_such=1", "q=x&sort=best", "q=has:wings", "q=before:soon", "q=a&q=b",
            "q=x&conversation_id=x", "q=x&sender_id=x", "q=x&date_from=x", "q=x&has=wings", &format!("q={}", "x".repeat(513))] {
            is(&alice.get(&format!("/v1/search/messages?{bad}")).await, &[(422, "VALIDATION_FAILED")]);
        }
        is(&alice.get("/v1/search/messages?q=x&cursor=x").await, &[(400, "BAD_CURSOR")]);
        let first = alice.get("/v1/conversations?limit=1").await.ok(200);
        assert_eq!(first["has_more"], false);
        let bob = world.registers("bob_2").await;
        let dave = world.registers("dave_2").await;
        for name in ["One", "Two"] {
            alice.founds(name, &[&bob, &dave]).await;
        }
        let page = alice.get("/v1/conversations?limit=1").await.ok(200);
        let cursor = page["next_cursor"].as_str().expect("a cursor");
        alice.get(&format!("/v1/conversations?limit=1&cursor={cursor}")).await.ok(200);
        let of_another_list = alice.get(&format!("/v1/conversations?limit=1&left=true&cursor={cursor}")).await;
        is(&of_another_list, &[(400, "BAD_CURSOR")]);
        is(&alice.get(&room.path(&format!("/members?cursor={cursor}"))).await, &[(400, "BAD_CURSOR")]);
        let reversed: String = cursor.chars().rev().collect();
        for bad in ["x", "AAAA", "%20", "=", &reversed, &cursor[..cursor.len() - 2], &format!("{cursor}A")] {
            is(&alice.get(&format!("/v1/conversations?cursor={bad}")).await, &[(400, "BAD_CURSOR")]);
        }
    }

    async fn headers_that_are_not_as_they_should_be(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let head = world.head();
        let path = room.path("/messages");
        let bad = [("tidings-min-position", "x"), ("tidings-min-position", "-1"), ("tidings-wait-ms", "x"),
            ("tidings-log", "x"), ("tidings-min-position", "1.5")];
        for (name, value) in bad {
            let reply = alice.ask("GET", &path).at_once().header(name, value).send().await;
            is(&reply, &[(400, "BAD_HEADER")]);
        }
        let key = alice.ask("POST", &path).key("ümlaut").json(&json!({"text": "x"})).send().await;
        is(&key, &[(400, "BAD_HEADER")]);
        assert_eq!(world.head(), head);
    }
}

/// Unknown fields by name, and every field with a value of another type.
async fn fields(scene: &Scene, operation: &Operation) {
    let good = operation.body.clone().unwrap_or_default();
    let mut unknown = good.clone();
    unknown["no_such_field"] = json!(1);
    let reply = scene.send(operation, "application/json", unknown.to_string().into()).await;
    is(&reply, &[(422, "VALIDATION_FAILED")]);
    let errors = reply.json()["errors"].to_string();
    assert!(errors.contains("/no_such_field"), "{}: {errors}", reply.request);
    for (name, value) in good.as_object().expect("an object") {
        let others = [json!({}), json!([[]]), json!(-1.5), json!(true), json!("\u{0}")];
        for other in others.into_iter().filter(|other| kind(other) != kind(value) || *other == json!("\u{0}")) {
            let mut body = good.clone();
            body[name] = other;
            let reply = scene.send(operation, "application/json", body.to_string().into()).await;
            // Whoever signs in is not told what a user name or a token may look like.
            let refused = [(422, "VALIDATION_FAILED"), (401, "INVALID_CREDENTIALS"), (401, "INVALID_REFRESH_TOKEN")];
            is(&reply, &refused);
        }
    }
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}
