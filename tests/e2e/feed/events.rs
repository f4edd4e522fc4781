//! The feed without a WebSocket: polls and streams.

use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::feed::number;
use tests::person::Person;
use tests::wait::{eventually, soon};

/// A stream of events, read line by line.
pub struct EventStream {
    response: reqwest::Response,
    read: String,
}

impl EventStream {
    pub async fn opens(person: &Person, path: &str, last: Option<&str>) -> Self {
        let request = reqwest::Client::new().get(format!("{}{path}", person.http.base)).bearer_auth(&person.token);
        let request = request.header("accept", "text/event-stream");
        let request = if let Some(last) = last { request.header("last-event-id", last) } else { request };
        let response = soon("a stream", request.send()).await.expect("a stream");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, read: String::new() }
    }

    /// The fields of the next event that has some.
    async fn next(&mut self) -> Vec<(String, String)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let fields = event.lines().filter_map(|line| line.split_once(": "));
                let fields: Vec<_> = fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
                self.read = rest.to_owned();
                if !fields.is_empty() {
                    return fields;
                }
                continue;
            }
            let chunk = soon("more of the stream", self.response.chunk()).await.expect("it goes on").expect("no end");
            self.read.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// Until it ends.
    async fn ends(mut self) {
        while soon("the end of the stream", self.response.chunk()).await.expect("no broken connection").is_some() {}
    }

    /// Id and frame of the next event of the feed.
    pub async fn event(&mut self) -> (String, Value) {
        loop {
            let fields = self.next().await;
            let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
            if let Some(data) = field("data") {
                return (field("id").unwrap_or_default(), serde_json::from_str(&data).expect("a frame"));
            }
        }
    }

    /// The id that says from where on it goes.
    pub async fn place(&mut self) -> String {
        loop {
            if let [(name, value)] = &self.next().await[..]
                && name == "id"
            {
                return value.clone();
            }
        }
    }
}

both_modes! {
    async fn polls_give_the_frames_of_the_socket(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut socket = bob.feed().await;
        let from = socket.position.clone();
        for number in 0..7 {
            let said = alice.sends(&format!("{number} for @bob"), &room).await;
            alice.reacts("👍", &said).await.ok(201);
            alice.replies("and more", &bob.sends("yes", &room).await, &room).await;
        }
        let last = alice.sends("the end", &room).await;
        let expected = socket.events_to(number(&last.json["position"])).await;
        assert_eq!(expected.iter().filter(|frame| frame["type"] == "notification.created").count(), 14);
        for limit in [1, 4, 100] {
            let (mut after, mut items) = (from.clone(), Vec::new());
            loop {
                let page = bob.get(&format!("/v1/feed/events?after={after}&limit={limit}")).await.ok(200);
                let some = page["items"].as_array().expect("items");
                let ends = some.iter().filter(|frame| frame["last"] == true);
                assert!((1..=limit).contains(&ends.count()));
                let last = some.last().expect("an event");
                assert_eq!((&last["last"], &last["position"]), (&json!(true), &page["position"]), "no event is cut in two");
                items.extend(some.clone());
                after = page["position"].as_str().expect("a position").to_owned();
                if page["has_more"] == false {
                    break;
                }
            }
            assert_eq!(items, expected, "pages of {limit}");
        }
        let after = last.json["position"].as_str().expect("a position");
        let nothing = bob.get(&format!("/v1/feed/events?after={after}")).await.ok(200);
        assert_eq!((&nothing["items"], &nothing["has_more"]), (&json!([]), &json!(false)));
        socket.closes().await;
    }

    async fn a_poll_waits_for_what_comes(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        bob.sees(&room).await;
        let after = world.head();
        let path = format!("/v1/feed/events?after={after}&wait_s=20");
        let asking = tokio::spawn(async move { bob.get(&path).await.ok(200) });
        let said = alice.sends("now", &room).await;
        let page = soon("the answer", asking).await.expect("it does not panic");
        assert_eq!(page["items"][0]["data"], said.json);
        let since = Instant::now();
        let path = format!("/v1/feed/events?after={}&wait_s=1", page["position"].as_str().expect("a position"));
        assert_eq!(alice.get(&path).await.ok(200)["items"], json!([]));
        assert!(since.elapsed() >= Duration::from_millis(900));
    }

    async fn streams_tell_of_notifications_before_their_events(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        bob.sees(&room).await;
        let mut stream = EventStream::opens(&bob, "/v1/feed/events", None).await;
        let place = stream.place().await;
        let mut back = EventStream::opens(&bob, "/v1/feed/events", Some(&place)).await;
        let said = alice.sends("look @bob", &room).await;
        let mut later = EventStream::opens(&bob, &format!("/v1/feed/events?after={place}"), None).await;
        for stream in [&mut stream, &mut back, &mut later] {
            let (id, told) = stream.event().await;
            assert_eq!((id.as_str(), &told["type"], &told["last"]), ("", &json!("notification.created"), &json!(false)));
            assert_eq!((&told["data"]["kind"], &told["data"]["message_id"]), (&json!("mention"), &json!(said.id)));
            let (id, event) = stream.event().await;
            assert_eq!((&event["type"], &event["data"]), (&json!("message.sent"), &said.json));
            assert_eq!(id, format!("{}:{}", world.app().log_id, event["position"].as_str().expect("a position")));
        }
    }

    async fn a_poll_from_elsewhere_is_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        let beyond = world.head() + 1_000;
        alice.get(&format!("/v1/feed/events?after={beyond}")).await.problem(409, "LOG_CHANGED");
        let other = "00000000-0000-4000-8000-000000000000";
        let ask = alice.ask("GET", "/v1/feed/events?after=1").header("tidings-log", other);
        ask.send().await.problem(409, "LOG_CHANGED");
        alice.get(&format!("/v1/feed/events?after={other}:1")).await.problem(409, "LOG_CHANGED");
        for bad in ["after=x", "limit=0", "limit=101", "wait_s=26", "wait_s=-1", "token=x"] {
            alice.get(&format!("/v1/feed/events?{bad}")).await.problem(422, "VALIDATION_FAILED");
        }
    }

    async fn a_stream_and_a_poll_end_with_their_session(world: &mut World) {
        let alice = world.registers("alice").await;
        let lost = alice.signs_in().await;
        let (mut stream, mut kept) =
            (EventStream::opens(&lost, "/v1/feed/events", None).await, EventStream::opens(&alice, "/v1/feed/events", None).await);
        stream.place().await;
        kept.place().await;
        let open = world.app().revocations.connections();
        let poll = lost.ask("GET", "/v1/feed/events?wait_s=25").send();
        let ending = async {
            let waits = || async { (world.app().revocations.connections() > open).then_some(()) };
            eventually("the poll waits", waits).await;
            lost.delete("/v1/sessions/current").await.ok(204);
            Instant::now()
        };
        let (poll, ended_at) = tokio::join!(poll, ending);
        poll.problem(401, "UNAUTHENTICATED");
        stream.ends().await;
        assert!(ended_at.elapsed() < Duration::from_secs(2));
        let story = alice.posts_story("still here").await;
        assert_eq!(kept.event().await.1["data"]["id"], story["id"]);
        drop(kept);
        let none_is_kept = || async { (world.app().revocations.connections() == 0).then_some(()) };
        eventually("what ended is forgotten", none_is_kept).await;
    }

    async fn a_stream_goes_on_where_it_was_left(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        bob.sees(&room).await;
        let mut stream = EventStream::opens(&bob, "/v1/feed/events", None).await;
        stream.place().await;
        let one = alice.sends("one", &room).await;
        let (id, frame) = stream.event().await;
        assert_eq!((&frame["op"], &frame["data"]), (&json!("event"), &one.json));
        let (log, position) = id.split_once(':').expect("a log and a position");
        assert_eq!((log, position), (world.app().log_id.to_string().as_str(), frame["position"].as_str().expect("one")));
        drop(stream);
        let two = alice.sends("two", &room).await;
        let mut stream = EventStream::opens(&bob, "/v1/feed/events?after=1", Some(&id)).await;
        assert_eq!(stream.event().await.1["data"], two.json);
        let three = alice.sends("three", &room).await;
        assert_eq!(stream.event().await.1["data"], three.json);

        let mut stream = EventStream::opens(&bob, "/v1/feed/events", Some(position)).await;
        assert_eq!(stream.event().await.1["data"], two.json, "a bare position is of this log");
        let of_another_log = format!("00000000-0000-4000-8000-000000000000:{position}");
        for (last, reason) in [("999999999", "beyond_head"), (&of_another_log, "log_changed")] {
            let mut stream = EventStream::opens(&bob, "/v1/feed/events", Some(last)).await;
            assert_eq!(stream.event().await.1, json!({"op": "reset", "reason": reason}));
            stream.place().await;
            let more = alice.sends("more", &room).await;
            assert_eq!(stream.event().await.1["data"], more.json);
        }
    }

    async fn a_stream_with_bad_headers_is_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        for (name, value) in [
            ("last-event-id", "x"), ("last-event-id", "x:1"), ("tidings-log", "x"), ("tidings-min-position", "-1"),
            ("tidings-wait-ms", "5001"),
        ] {
            let ask = alice.ask("GET", "/v1/feed/events").header("accept", "text/event-stream").header(name, value);
            soon("the answer", ask.send()).await.problem(400, "BAD_HEADER");
        }
    }
}
