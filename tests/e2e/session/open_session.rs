//! Signing in.

use serde_json::{Value, json};
use tests::both_modes;
use tests::person::PASSWORD;
use tests::reply::Reply;
use tests::world::World;

async fn sign_in(world: &World, username: &str, password: &str) -> Reply {
    world.http.ask("POST", "/v1/sessions").json(&json!({"username": username, "password": password})).send().await
}

both_modes! {
    async fn a_session_has_tokens_and_the_account(world: &mut World) {
        let alice = world.registers("alice").await;
        let session = sign_in(world, "ALICE", PASSWORD).await.ok(201);
        assert_eq!((&session["token_type"], &session["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(session["account"]["id"], alice.id.as_str());
        assert!(session["refresh_token"].as_str().is_some_and(|token| token.len() >= 32));
        let token = session["access_token"].as_str().unwrap();
        world.http.ask("GET", "/v1/conversations").token(token).send().await.ok(200);
    }

    async fn a_wrong_password_and_an_unknown_name_are_told_alike(world: &mut World) {
        world.registers("alice").await;
        let plain = |mut problem: Value| {
            problem["request_id"] = Value::Null;
            problem
        };
        let wrong = sign_in(world, "alice", "wrong password").await.problem(401, "INVALID_CREDENTIALS");
        let unknown = sign_in(world, "nobody", PASSWORD).await.problem(401, "INVALID_CREDENTIALS");
        assert_eq!(plain(wrong), plain(unknown));
    }

    async fn an_access_token_ends_after_fifteen_minutes(world: &mut World) {
        let alice = world.registers("alice").await;
        world.clock.advance(15 * 60 - 30);
        alice.get("/v1/conversations").await.ok(200);
        world.clock.advance(60);
        alice.get("/v1/conversations").await.problem(401, "UNAUTHENTICATED");
        alice.signs_in().await.get("/v1/conversations").await.ok(200);
    }

    async fn bad_tokens_are_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        let (head, signature) = alice.token.rsplit_once('.').unwrap_or((alice.token.as_str(), ""));
        let reversed: String = signature.chars().rev().collect();
        let bad = ["", "x", "a.b.c", &format!("{head}.{reversed}"), &format!("{head}."), "eyJhbGciOiJub25lIn0.e30."];
        for token in bad {
            let reply = world.http.ask("GET", "/v1/conversations").token(token).send().await;
            reply.problem(401, "UNAUTHENTICATED");
            assert!(reply.header("www-authenticate").is_some(), "RFC 9110 asks for it");
        }
        let basic = world.http.ask("GET", "/v1/conversations").header("authorization", "Basic YTpi").send().await;
        basic.problem(401, "UNAUTHENTICATED");
    }

    async fn failed_sign_ins_are_limited_even_when_rates_are_off(world: &mut World) {
        world.registers("alice").await;
        world.registers("bob").await;
        for _ in 0..10 {
            sign_in(world, "alice", "wrong password").await.problem(401, "INVALID_CREDENTIALS");
        }
        let limited = sign_in(world, "alice", PASSWORD).await;
        limited.problem(429, "RATE_LIMITED");
        let seconds: i64 = limited.header("retry-after").and_then(|text| text.parse().ok()).expect("Retry-After");
        assert!((1..=30).contains(&seconds), "{seconds}");
        sign_in(world, "bob", PASSWORD).await.ok(201);
        world.clock.advance(seconds);
        sign_in(world, "alice", PASSWORD).await.ok(201);
    }

    async fn texts_that_cannot_be_names_count_as_one_name(world: &mut World) {
        for n in 0..10 {
            sign_in(world, &format!("not a name {n}"), PASSWORD).await.problem(401, "INVALID_CREDENTIALS");
        }
        sign_in(world, "?", PASSWORD).await.problem(429, "RATE_LIMITED");
    }

    async fn signing_in_well_is_not_counted(world: &mut World) {
        world.registers("alice").await;
        for _ in 0..15 {
            sign_in(world, "alice", PASSWORD).await.ok(201);
        }
    }
}
