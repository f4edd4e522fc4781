//! How often one may ask.

use api::config::limits::{Rate, Switch};
use serde_json::json;
use tests::both_modes;
use tests::matchers::texts;
use tests::world::World;

/// So slow that nothing comes back while a test runs.
const SLOW: Rate = Rate { burst: 5, per_second: 0.01 };

async fn with_slow_sending(world: &mut World) {
    world
        .restarts_with(|config| {
            config.limits.rates = Switch::On;
            config.limits.rate_send = SLOW;
        })
        .await;
}

both_modes! {
    async fn the_sixth_message_of_a_burst_of_five_is_refused_and_changes_nothing(world: &mut World) {
        let (mut alice, mut bob, room) = world.two_in_a_room().await;
        with_slow_sending(world).await;
        (alice.http, bob.http) = (world.http.clone(), world.http.clone());
        for left in (0..5).rev() {
            let sent = alice.post(&room.path("/messages"), json!({"text": "again"})).await;
            sent.ok(201);
            assert_eq!(sent.header("ratelimit-policy"), Some("\"send\";q=5;w=500"));
            let state = sent.header("ratelimit").expect("what is left");
            assert!(state.starts_with(&format!("\"send\";r={left};t=")), "{state}");
        }
        let refused = alice.post(&room.path("/messages"), json!({"text": "once more"})).await;
        refused.problem(429, "RATE_LIMITED");
        let seconds: i64 = refused.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
        assert!((50..=101).contains(&seconds), "{seconds}");
        assert!(refused.header("ratelimit").is_some_and(|state| state.starts_with("\"send\";r=0;")));
        assert_eq!(texts(&bob.timeline(&room).await), vec![Some("again"); 5], "what was refused changed nothing");
        bob.sends("others are not affected", &room).await;
        alice.reads(&room, 1).await.ok(204);
        world.clock.advance(seconds);
        alice.sends("later", &room).await;
    }

    async fn the_feed_counts_with_http(world: &mut World) {
        let (mut alice, _, room) = world.two_in_a_room().await;
        with_slow_sending(world).await;
        alice.http = world.http.clone();
        alice.sends("over HTTP", &room).await;
        let mut feed = alice.feed().await;
        let body = json!({"id": room.id, "text": "over the feed"});
        for _ in 0..4 {
            let answer = feed.command("SendMessage", None, body.clone()).await;
            assert_eq!(answer["op"], "ack", "{answer}");
        }
        let answer = feed.command("SendMessage", None, body).await;
        assert_eq!((&answer["op"], &answer["problem"]["code"]), (&json!("reject"), &json!("RATE_LIMITED")), "{answer}");
        alice.post(&room.path("/messages"), json!({"text": "over HTTP"})).await.problem(429, "RATE_LIMITED");
        feed.closes().await;
    }

    async fn what_was_written_offline_is_counted_by_the_message(world: &mut World) {
        let (mut alice, _, room) = world.two_in_a_room().await;
        world
            .restarts_with(|config| {
                config.limits.rates = Switch::On;
                config.limits.rate_send = SLOW;
                config.limits.rate_sync = SLOW;
            })
            .await;
        alice.http = world.http.clone();
        let some = |keys: std::ops::Range<u32>| {
            let message = |key| json!({"conversation_id": room.id, "idempotency_key": format!("k{key}"), "text": "late"});
            json!({"messages": keys.map(message).collect::<Vec<_>>()})
        };
        alice.post("/v1/messages/sync", some(0..3)).await.ok(200);
        let refused = alice.post("/v1/messages/sync", some(3..6)).await;
        refused.problem(429, "RATE_LIMITED");
        assert!(refused.header("ratelimit").is_some_and(|state| state.starts_with("\"sync\";r=0;")));
        alice.post("/v1/messages/sync", some(3..5)).await.ok(200);
        alice.sends("sending is apart", &room).await;
        assert_eq!(alice.timeline(&room).await.len(), 6, "what was refused changed nothing");
    }

    async fn registering_is_counted_for_the_address(world: &mut World) {
        world
            .restarts_with(|config| {
                config.limits.rates = Switch::On;
                config.limits.rate_register = SLOW;
            })
            .await;
        let register = |name: String| {
            let body = json!({"username": name, "password": "correct horse battery"});
            world.http.ask("POST", "/v1/accounts").json(&body).send()
        };
        for number in 0..5 {
            register(format!("person_{number}")).await.ok(201);
        }
        register("person_5".into()).await.problem(429, "RATE_LIMITED");
    }

    async fn questions_and_other_commands_have_rates_of_their_own(world: &mut World) {
        let (mut alice, bob, room) = world.two_in_a_room().await;
        world
            .restarts_with(|config| {
                config.limits.rates = Switch::On;
                config.limits.rate_query = SLOW;
                config.limits.rate_command = SLOW;
            })
            .await;
        alice.http = world.http.clone();
        for _ in 0..5 {
            let seen = alice.get(&room.path("")).await;
            seen.ok(200);
            assert_eq!(seen.header("ratelimit-policy"), Some("\"query\";q=5;w=500"));
        }
        alice.get(&room.path("")).await.problem(429, "RATE_LIMITED");
        alice.get("/v1/conversations").await.problem(429, "RATE_LIMITED");
        for _ in 0..5 {
            alice.post("/v1/conversations", json!({"type": "direct", "participant_id": bob.id})).await.ok(200);
        }
        alice.reads(&room, 1).await.problem(429, "RATE_LIMITED");
        alice.sends("sending is apart", &room).await;
    }

    async fn without_rates_no_answer_speaks_of_them(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        let seen = alice.get(&room.path("")).await;
        assert_eq!((seen.header("ratelimit"), seen.header("ratelimit-policy")), (None, None));
    }
}
