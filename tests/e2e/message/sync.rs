//! What was written offline: brought at once, in order, each message exactly once, whatever became of earlier tries.

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tests::both_modes;
use tests::chance::seeded;
use tests::feed::number;
use tests::matchers::{assert_gapless, texts};
use tests::person::Person;
use tests::reply::Reply;
use tests::room::Room;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn queued(room: &Room, key: &str, text: &str) -> Value {
    json!({"conversation_id": room.id, "idempotency_key": key, "text": text})
}

async fn syncs(who: &Person, messages: &[Value]) -> Reply {
    who.post("/v1/messages/sync", json!({"messages": messages})).await
}

fn statuses(synced: &Value) -> Vec<&str> {
    let results = synced["results"].as_array().expect("results");
    results.iter().map(|result| result["status"].as_str().expect("a status")).collect()
}

both_modes! {
    async fn each_is_answered_in_its_place_and_the_order_is_kept(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let other = bob.meets(&alice).await;
        let mut feed = bob.feed().await;
        let items = [queued(&room, "a", "one"), queued(&other, "b", "elsewhere"), queued(&room, "c", "two"),
            json!({"conversation_id": room.id, "idempotency_key": "d", "text": "three", "reply_to": 1, "client_ref": "x"})];
        let reply = syncs(&alice, &items).await;
        let synced = reply.ok(200);
        assert_eq!(statuses(&synced), ["accepted"; 4]);
        let keys: Vec<&Value> = synced["results"].as_array().unwrap().iter().map(|one| &one["idempotency_key"]).collect();
        assert_eq!(keys, ["a", "b", "c", "d"]);
        let timeline = alice.timeline(&room).await;
        assert_eq!(texts(&timeline), [Some("one"), Some("two"), Some("three")]);
        assert_eq!(texts(&bob.timeline(&other).await), [Some("elsewhere")]);
        let last = &synced["results"][3]["message"];
        assert_eq!((&last["seq"], &last["reply_to"], &last["client_ref"]), (&json!(3), &json!(1), &json!("x")));
        assert_eq!(last["id"], timeline[2]["id"]);
        assert!(synced["results"][3]["problem"].is_null());
        let newest = synced["results"].as_array().unwrap().iter().map(|one| number(&one["message"]["position"])).max();
        assert_eq!(reply.position(), newest, "conversations do not wait for each other");
        let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let sent = feed.event("message.sent").await;
            let place = if sent["conversation_id"] == room.id.as_str() { &mut here } else { &mut elsewhere };
            place.push(sent["text"].clone());
        }
        assert_eq!((here, elsewhere), (vec![json!("one"), json!("two"), json!("three")], vec![json!("elsewhere")]));
        feed.closes().await;
    }

    async fn what_came_before_is_a_duplicate_with_the_same_message(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let over_http = alice.ask("POST", &room.path("/messages")).key("a").json(&json!({"text": "one"})).send().await;
        let mut feed = alice.feed().await;
        let over_feed = feed.command("SendMessage", Some("b"), json!({"id": room.id, "text": "two"})).await;
        feed.closes().await;
        let items = [queued(&room, "a", "one"), queued(&room, "b", "two"), queued(&room, "c", "three"), queued(&room, "c", "three")];
        let synced = syncs(&alice, &items).await.ok(200);
        assert_eq!(statuses(&synced), ["duplicate", "duplicate", "accepted", "duplicate"]);
        assert_eq!(synced["results"][0]["message"], over_http.ok(201));
        assert_eq!(synced["results"][1]["message"], over_feed["data"]);
        assert_eq!(synced["results"][3]["message"], synced["results"][2]["message"]);
        let head = world.head();
        assert_eq!(statuses(&syncs(&alice, &items).await.ok(200)), ["duplicate"; 4]);
        assert_eq!(world.head(), head, "a repeat adds nothing");
        let later = alice.ask("POST", &room.path("/messages")).key("c").json(&json!({"text": "three"})).send().await;
        assert!(later.is_replay());
        assert_eq!(texts(&alice.timeline(&room).await), [Some("one"), Some("two"), Some("three")]);
    }

    async fn what_is_refused_has_its_problem_and_holds_nothing_up(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let carol = world.registers("carol_2").await;
        let theirs = bob.meets(&carol).await;
        let odd = |field: &str, value: Value| {
            let mut item = queued(&room, field, "odd");
            item[field] = value;
            item
        };
        let items = [queued(&room, "a", "one"), queued(&theirs, "b", "not hers"), queued(&room, "c", ""),
            odd("colour", json!("red")), odd("reply_to", json!(99)), odd("reply_to_", json!(null)), odd("client_ref", json!(5)),
            odd("conversation_id", json!("x")), queued(&room, "a", "another text"), queued(&room, "z", "two")];
        let synced = syncs(&alice, &items).await.ok(200);
        let codes: Vec<Option<&str>> =
            synced["results"].as_array().unwrap().iter().map(|one| one["problem"]["code"].as_str()).collect();
        let invalid = Some("VALIDATION_FAILED");
        assert_eq!(codes, [None, Some("NOT_FOUND"), invalid, invalid, invalid, invalid, invalid, Some("NOT_FOUND"),
            Some("IDEMPOTENCY_KEY_REUSED"), None]);
        let problem = &synced["results"][2]["problem"];
        assert_eq!((&problem["status"], &problem["errors"][0]["pointer"]), (&json!(422), &json!("/text")));
        assert_eq!(statuses(&synced)[1], "rejected");
        assert_eq!(texts(&alice.timeline(&room).await), [Some("one"), Some("two")]);
    }

    async fn nothing_is_sent_of_a_list_that_is_none(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let head = world.head();
        let good = queued(&room, "a", "one");
        let without = |field: &str| {
            let mut item = good.clone();
            item.as_object_mut().expect("an object").remove(field);
            item
        };
        syncs(&alice, &[good.clone(), without("idempotency_key")]).await.invalid("/messages/1/idempotency_key");
        syncs(&alice, &[without("conversation_id")]).await.invalid("/messages/0/conversation_id");
        syncs(&alice, &[good.clone(), queued(&room, "with space", "x")]).await.invalid("/messages/1/idempotency_key");
        syncs(&alice, &[good.clone(), json!("text")]).await.problem(422, "VALIDATION_FAILED");
        let many: Vec<Value> = (0..1_001).map(|number| queued(&room, &format!("k{number}"), "x")).collect();
        syncs(&alice, &many).await.invalid("/messages");
        let large = [queued(&room, "a", &"x".repeat(2 << 20))];
        syncs(&alice, &large).await.problem(413, "TOO_LARGE");
        assert_eq!(world.head(), head);
        assert_eq!(syncs(&alice, &[]).await.ok(200), json!({"results": []}));
    }

    async fn a_thousand_come_at_once_in_their_order(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let text = |number: usize| format!("{number}: {}", "words ".repeat(200));
        let items: Vec<Value> = (0..1_000).map(|number| queued(&room, &format!("k{number}"), &text(number))).collect();
        assert_eq!(statuses(&syncs(&alice, &items).await.ok(200)), vec!["accepted"; 1_000]);
        let timeline = bob.timeline(&room).await;
        assert_gapless(&timeline);
        let expected: Vec<String> = (0..1_000).map(text).collect();
        assert_eq!(texts(&timeline), expected.iter().map(|text| Some(text.as_str())).collect::<Vec<_>>());
    }

    async fn losing_the_connection_at_any_step_neither_loses_nor_doubles_a_message(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let calm = bob.meets(&alice).await;
        let (_, mut chance) = seeded("sync");
        let mut device = Device { owner: alice.clone(), room: room.clone(), queue: Vec::new() };
        let all: Vec<String> = (0..80).map(|number| format!("message {number}")).collect();
        for (number, text) in all.iter().enumerate() {
            alice.sends(text, &calm).await;
            device.queue.push((format!("key {number}").replace(' ', "-"), text.clone()));
            device.goes_on(&mut chance).await;
        }
        device.comes_back().await;
        let (stormy, calm) = (bob.timeline(&room).await, bob.timeline(&calm).await);
        assert_eq!(texts(&stormy), texts(&calm));
        assert_eq!(texts(&stormy).len(), all.len());
        assert_gapless(&stormy);
    }
}

/// What a client keeps: messages that it does not know to be sent, in the order in which they were written.
struct Device {
    owner: Person,
    room: Room,
    queue: Vec<(String, String)>,
}

impl Device {
    /// Sends the newest message, or loses its connection at some step of that, or is offline.
    async fn goes_on(&mut self, chance: &mut StdRng) {
        let is_behind = self.queue.len() > 1;
        match chance.random_range(0..9) {
            // Offline, or gone before it sent anything.
            0 | 1 => {}
            // What waits comes first: a message must not overtake those before it.
            2 if is_behind => self.comes_back().await,
            3 if is_behind => self.throws_away("/v1/messages/sync", None, &self.all(), chance).await,
            _ if is_behind => {}
            2 | 3 => {
                let (key, text) = &self.queue[0];
                let body = json!({"text": text});
                self.throws_away(&self.room.path("/messages"), Some(key), &body, chance).await;
            }
            4 => {
                let (key, text) = &self.queue[0];
                let mut feed = self.owner.feed().await;
                let body = json!({"id": self.room.id, "text": text});
                feed.send(
                    &json!({"op": "command", "ref": "r", "name": "SendMessage", "idempotency_key": key, "body": body}),
                )
                .await;
                // Gone before the acknowledgement: the socket is dropped as it is.
                drop(feed);
            }
            5 => {
                let ack = self.sends_over_feed().await;
                assert_eq!(ack["op"], "ack", "{ack}");
                // Gone after the acknowledgement, before it was noted.
            }
            6 => {
                assert_eq!(self.sends_over_feed().await["op"], "ack");
                self.queue.clear();
            }
            7 => {
                // Gone after the answer, before it was noted.
                syncs(&self.owner, self.all()["messages"].as_array().expect("messages")).await.ok(200);
            }
            _ => {
                let (key, text) = &self.queue[0];
                let ask = self.owner.ask("POST", &self.room.path("/messages")).key(key).json(&json!({"text": text}));
                ask.send().await.ok(201);
                self.queue.clear();
            }
        }
    }

    /// Brings everything that waits.
    async fn comes_back(&mut self) {
        let synced = syncs(&self.owner, self.all()["messages"].as_array().expect("messages")).await.ok(200);
        assert!(statuses(&synced).iter().all(|status| ["accepted", "duplicate"].contains(status)), "{synced}");
        self.queue.clear();
    }

    fn all(&self) -> Value {
        let items: Vec<Value> = self.queue.iter().map(|(key, text)| queued(&self.room, key, text)).collect();
        json!({"messages": items})
    }

    async fn sends_over_feed(&self) -> Value {
        let (key, text) = &self.queue[0];
        let mut feed = self.owner.feed().await;
        let ack = feed.command("SendMessage", Some(key), json!({"id": self.room.id, "text": text})).await;
        feed.closes().await;
        ack
    }

    /// Sends a request, or a part of it, and goes away without waiting for an answer.
    async fn throws_away(&self, path: &str, key: Option<&str>, body: &Value, chance: &mut StdRng) {
        let body = body.to_string();
        let key = key.map(|key| format!("idempotency-key: {key}\r\n")).unwrap_or_default();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\n{key}content-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            self.owner.token,
            body.len()
        );
        let sent = if chance.random_range(0..3) == 0 { chance.random_range(0..request.len()) } else { request.len() };
        let address = self.owner.http.base.strip_prefix("http://").expect("an address");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(&request.as_bytes()[..sent]).await.expect("an open connection");
        stream.flush().await.expect("an open connection");
    }
}
