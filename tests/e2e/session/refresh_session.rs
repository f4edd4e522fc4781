//! Refreshing: each token once, and what happens to one that was used before.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::both_modes;
use tests::person::{PASSWORD, Person};
use tests::reply::Reply;
use tests::world::World;

async fn opens(world: &World, who: &Person) -> Value {
    let body = json!({"username": who.username, "password": PASSWORD, "device_name": "telephone"});
    world.http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201)
}

async fn refresh(world: &World, token: &Value) -> Reply {
    world.http.ask("POST", "/v1/sessions/refresh").json(&json!({"refresh_token": token})).send().await
}

async fn me(world: &World, session: &Value) -> Reply {
    world.http.ask("GET", "/v1/me").token(session["access_token"].as_str().expect("a token")).send().await
}

both_modes! {
    async fn a_refresh_gives_new_tokens_of_the_same_session(world: &mut World) {
        let alice = world.registers("alice").await;
        let first = opens(world, &alice).await;
        world.clock.advance(14 * 60);
        let second = refresh(world, &first["refresh_token"]).await.ok(201);
        assert_eq!((&second["token_type"], &second["expires_in"]), (&json!("Bearer"), &json!(900)));
        assert_eq!(second["account"], first["account"]);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        world.clock.advance(10 * 60);
        me(world, &first).await.problem(401, "UNAUTHENTICATED");
        assert_eq!(me(world, &second).await.ok(200)["username"], "alice");
        let third = refresh(world, &second["refresh_token"]).await.ok(201);
        me(world, &third).await.ok(200);
    }

    async fn a_token_that_was_used_before_ends_the_session(world: &mut World) {
        let alice = world.registers("alice").await;
        let first = opens(world, &alice).await;
        let second = refresh(world, &first["refresh_token"]).await.ok(201);
        refresh(world, &first["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
        refresh(world, &second["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
        me(world, &second).await.problem(401, "UNAUTHENTICATED");
        alice.get("/v1/me").await.ok(200);
    }

    async fn of_two_uses_of_a_token_at_once_one_wins_and_the_other_is_reuse(world: &mut World) {
        let alice = world.registers("alice").await;
        for _ in 0..5 {
            let first = opens(world, &alice).await;
            let answers = join_all((0..2).map(|_| refresh(world, &first["refresh_token"]))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, 401]);
            let won = answers.iter().find(|answer| answer.status == 201).expect("a winner").json();
            refresh(world, &won["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
            me(world, &won).await.problem(401, "UNAUTHENTICATED");
        }
    }

    async fn a_refresh_token_works_after_a_restart_and_a_used_one_is_still_known(world: &mut World) {
        let alice = world.registers("alice").await;
        let first = opens(world, &alice).await;
        let second = refresh(world, &first["refresh_token"]).await.ok(201);
        world.restarts().await;
        let third = refresh(world, &second["refresh_token"]).await.ok(201);
        me(world, &third).await.ok(200);
        world.restarts().await;
        refresh(world, &first["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
        refresh(world, &third["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
    }

    async fn a_refresh_token_ends_after_thirty_days_unused_and_lives_on_when_used(world: &mut World) {
        const DAY_SECONDS: i64 = 24 * 60 * 60;
        let alice = world.registers("alice").await;
        let (used, unused) = (opens(world, &alice).await, opens(world, &alice).await);
        world.clock.advance(20 * DAY_SECONDS);
        let used = refresh(world, &used["refresh_token"]).await.ok(201);
        world.clock.advance(11 * DAY_SECONDS);
        refresh(world, &unused["refresh_token"]).await.problem(401, "INVALID_REFRESH_TOKEN");
        let again = refresh(world, &used["refresh_token"]).await.ok(201);
        let listed = world.http.ask("GET", "/v1/sessions").token(again["access_token"].as_str().unwrap()).send().await;
        assert_eq!(listed.ok(200)["items"][0]["device_name"], "telephone", "it outlived its opening");
    }

    async fn texts_that_are_no_token_are_refused(world: &mut World) {
        let alice = world.registers("alice").await;
        let session = opens(world, &alice).await;
        let token = session["refresh_token"].as_str().expect("a token");
        let changed = format!("A{}", &token[1..]);
        let head = world.head();
        for bad in ["", "x", &token[1..], &changed, &"A".repeat(86), &"A".repeat(10_000)] {
            if bad != token {
                refresh(world, &json!(bad)).await.problem(401, "INVALID_REFRESH_TOKEN");
            }
        }
        refresh(world, &json!(7)).await.invalid("/refresh_token");
        world.http.ask("POST", "/v1/sessions/refresh").json(&json!({})).send().await.invalid("/refresh_token");
        assert_eq!(world.head(), head, "none of them ends the session");
        refresh(world, &session["refresh_token"]).await.ok(201);
    }
}
