//! Coming back to the feed.

use crate::feed::events::EventStream;
use serde_json::{Value, json};
use tests::both_modes;
use tests::feed::{Feed, number};
use tests::matchers::every;

both_modes! {
    async fn a_resumed_feed_gets_what_an_unbroken_one_got(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        let (mut unbroken, broken) = (bob.feed().await, bob.feed().await);
        let from = broken.position.clone();
        broken.closes().await;

        let said = alice.sends("one", &room).await;
        alice.reacts("👍", &said).await.ok(201);
        alice.edits(&said, "one, edited").await.ok(200);
        let dave = world.registers("dave").await;
        alice.adds(&dave, &room).await.ok(201);
        alice.founds("Shed", &[&bob, &dave]).await;
        alice.removes(&dave, &room).await.ok(204);
        let last = alice.sends("the end", &room).await;

        let expected = unbroken.events_to(number(&last.json["position"])).await;
        let mut resumed = bob.resumes(&from).await;
        assert_eq!(resumed.catches_up().await, expected);
        let live = alice.sends("live again", &room).await;
        assert_eq!(resumed.event("message.sent").await, live.json);
        assert_eq!(unbroken.event("message.sent").await, live.json);
        resumed.closes().await;
        unbroken.closes().await;
    }

    async fn words_deleted_since_are_null_in_a_resumed_feed(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let feed = bob.feed().await;
        let from = feed.position.clone();
        feed.closes().await;
        let said = alice.sends("regretted", &room).await;
        alice.deletes(&said).await.ok(204);
        let mut resumed = bob.resumes(&from).await;
        let missed = resumed.catches_up().await;
        assert_eq!(every(&missed, "type"), [&json!("message.sent"), &json!("message.deleted")]);
        assert_eq!(missed[0]["data"]["text"], Value::Null);
        resumed.closes().await;
    }

    async fn from_position_zero_one_gets_everything_that_one_may_see(world: &mut World) {
        let (alice, bob, _, room) = world.three_in_a_room().await;
        alice.sends("one", &room).await;
        let dave = world.registers("dave").await;
        alice.adds(&dave, &room).await.ok(201);
        alice.sends("two", &room).await;
        let mallory = world.registers("mallory").await;

        let mut his = bob.resumes("0").await;
        let missed = his.catches_up().await;
        let sent = missed.iter().filter(|frame| frame["type"] == "message.sent").map(|frame| &frame["data"]["text"]);
        assert_eq!(sent.collect::<Vec<_>>(), ["one", "two"]);
        assert!(missed.iter().any(|frame| frame["type"] == "conversation.created"));
        his.closes().await;

        let mut new = dave.resumes("0").await;
        let missed = new.catches_up().await;
        let sent = missed.iter().filter(|frame| frame["type"] == "message.sent").map(|frame| &frame["data"]["text"]);
        assert_eq!(sent.collect::<Vec<_>>(), ["two"], "what was before the own joining is fetched, not replayed");
        new.closes().await;

        let mut nothing = mallory.resumes("0").await;
        assert!(nothing.catches_up().await.iter().all(|frame| !frame.to_string().contains(&room.id)));
        nothing.closes().await;
    }

    async fn a_position_beyond_the_head_or_of_another_log_is_reset(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut feed = bob.resumes("999999999").await;
        let reset = feed.next().await;
        assert_eq!((&reset["op"], &reset["reason"]), (&json!("reset"), &json!("beyond_head")));
        alice.sends("goes on as after identify", &room).await;
        feed.event("message.sent").await;
        feed.closes().await;

        let mut feed = Feed::connects(&bob).await;
        let other_log = "00000000-0000-4000-8000-000000000000";
        feed.send(&json!({"op": "resume", "position": "1", "log_id": other_log})).await;
        feed.is_ready().await;
        let reset = feed.next().await;
        assert_eq!((&reset["op"], &reset["reason"]), (&json!("reset"), &json!("log_changed")));
        feed.closes().await;
    }

    async fn who_missed_too_much_is_told_so_and_starts_afresh(world: &mut World) {
        let (mut alice, mut bob, room) = world.two_in_a_room().await;
        alice.sends("before", &room).await;
        world.restarts_with(|config| config.limits.resume_frames = 10).await;
        (alice.http, bob.http) = (world.http.clone(), world.http.clone());
        bob.sees(&room).await;
        let from = bob.get("/v1/feed/events").await.ok(200)["position"].as_str().expect("a position").to_owned();
        for _ in 0..10 {
            alice.sends("just enough", &room).await;
        }
        let mut feed = bob.resumes(&from).await;
        assert_eq!(every(&feed.catches_up().await, "type"), vec![&json!("message.sent"); 10]);
        feed.closes().await;
        alice.sends("one more", &room).await;

        let mut feed = bob.resumes(&from).await;
        let reset = feed.next().await;
        assert_eq!((&reset["op"], &reset["reason"]), (&json!("reset"), &json!("too_far")));
        let poll = format!("/v1/feed/events?after={from}");
        bob.get(&poll).await.problem(409, "FEED_TOO_FAR");
        let mut stream = EventStream::opens(&bob, &poll, None).await;
        assert_eq!(stream.event().await.1, json!({"op": "reset", "reason": "too_far"}));
        stream.place().await;
        let said = alice.sends("afresh", &room).await;
        assert_eq!(feed.event("message.sent").await, said.json);
        assert_eq!(stream.event().await.1["data"], said.json);
        feed.closes().await;
    }

    async fn a_feed_resumes_over_a_restart_without_a_gap_or_a_repeat(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let mut feed = bob.feed().await;
        alice.sends("before", &room).await;
        feed.event("message.sent").await;
        let from = feed.position.clone();
        let watch = tokio::spawn(async move { feed.is_closed().await });
        world.restarts().await;
        let (code, _) = watch.await.expect("the watch");
        assert_eq!(code, 3001, "a shutdown says: come back");
        let [alice, bob] = [alice, bob].map(|person| tests::person::Person { http: world.http.clone(), ..person });
        alice.sends("after", &room).await;
        let mut feed = bob.resumes(&from).await;
        let mut seen = feed.catches_up().await;
        if seen.is_empty() {
            seen = feed.events_until(|frame| frame["type"] == "message.sent").await;
        }
        assert_eq!(seen.iter().map(|frame| &frame["data"]["text"]).collect::<Vec<_>>(), ["after"]);
        feed.closes().await;
    }
}
