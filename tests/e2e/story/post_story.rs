//! Posting a story.

use domain::clock::Time;
use serde_json::{Value, json};
use tests::both_modes;
use tests::matchers::{assert_time, every};

fn micros(value: &Value) -> i64 {
    Time::parse(value.as_str().expect("a text")).expect("a time").micros()
}

both_modes! {
    async fn everybody_sees_a_public_story_for_a_day_exactly(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let body = json!({"text": "Sunny today", "caption": "in the garden", "privacy": "public"});
        let story = alice.post("/v1/stories", body).await.ok(201);
        let expected = [("author_id", json!(alice.id)), ("content_type", json!("text")), ("media", json!(null)),
            ("text", json!("Sunny today")), ("caption", json!("in the garden")), ("privacy", json!("public"))];
        for (field, value) in expected {
            assert_eq!(story[field], value, "{field}");
        }
        assert_time(&story["posted_at"]);
        assert_eq!(micros(&story["expires_at"]) - micros(&story["posted_at"]), 86_400_000_000);
        let id = story["id"].as_str().unwrap();
        let seen = bob.get(&format!("/v1/stories/{id}")).await.ok(200);
        assert_eq!((&seen["text"], &seen["expires_at"]), (&story["text"], &story["expires_at"]));
        let of_alice = bob.all(&format!("/v1/accounts/{}/stories?limit=10", alice.id)).await;
        assert_eq!(every(&of_alice, "id"), [&story["id"]]);
    }

    async fn it_is_seen_live_on_ones_own_devices(world: &mut World) {
        let alice = world.registers("alice").await;
        let mut feed = alice.signs_in().await.feed().await;
        let story = alice.posts_story("Sunny today").await;
        let frame = feed.event("story.posted").await;
        assert_eq!((&frame["id"], &frame["text"]), (&story["id"], &story["text"]));
        feed.closes().await;
    }

    async fn a_repeat_with_the_same_key_is_the_same_story(world: &mut World) {
        let alice = world.registers("alice").await;
        let ask = || alice.ask("POST", "/v1/stories").key("s").json(&json!({"text": "x", "privacy": "public"})).send();
        let (first, again) = (ask().await, ask().await);
        assert!(again.is_replay());
        assert_eq!(again.ok(201), first.ok(201));
        assert_eq!(alice.all(&format!("/v1/accounts/{}/stories?limit=10", alice.id)).await.len(), 1);
    }

    async fn what_does_not_fit_is_refused_by_pointer(world: &mut World) {
        let alice = world.registers("alice").await;
        let cases = [
            (json!({"text": "", "privacy": "public"}), "/text"),
            (json!({"privacy": "public"}), "/text"),
            (json!({"text": "x", "privacy": "everyone"}), "/privacy"),
            (json!({"text": "x", "privacy": "public", "caption": "c".repeat(501)}), "/caption"),
            (json!({"text": "x", "privacy": "public", "colour": "red"}), "/colour"),
        ];
        for (body, pointer) in cases {
            alice.post("/v1/stories", body).await.invalid(pointer);
        }
        alice.get("/v1/stories/00000000-0000-7000-8000-000000000000").await.problem(404, "NOT_FOUND");
        alice.get("/v1/stories/x").await.problem(404, "NOT_FOUND");
    }
}
