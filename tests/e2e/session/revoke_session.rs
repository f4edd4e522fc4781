//! Signing out, here and elsewhere: requests and sockets end.

use commands::command::Envelope;
use commands::session::revoke_session::RevokeSession;
use domain::session::values::RevocationReason;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::person::Person;
use tests::wait::eventually;
use uuid::Uuid;

async fn session_of(person: &Person) -> String {
    let items = person.get("/v1/sessions").await.ok(200)["items"].as_array().cloned().expect("items");
    let current = items.iter().find(|item| item["current"] == true).expect("the one that asks");
    current["id"].as_str().expect("an id").to_owned()
}

both_modes! {
    async fn who_signs_out_is_signed_out_here_and_nowhere_else(world: &mut World) {
        let alice = world.registers("alice").await;
        let other = alice.signs_in().await;
        let mut feed = alice.feed().await;
        let mut others = other.feed().await;
        let since = Instant::now();
        alice.delete("/v1/sessions/current").await.ok(204);
        alice.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        assert_eq!(feed.is_closed().await.0, 3503);
        assert!(since.elapsed() < Duration::from_secs(2));
        other.get("/v1/me").await.ok(200);
        let said = other.posts_story("still here").await;
        others.events_until(|frame| frame["data"]["id"] == said["id"]).await;
        others.closes().await;
    }

    async fn a_session_is_ended_from_another_device(world: &mut World) {
        let alice = world.registers("alice").await;
        let lost = alice.signs_in().await;
        let mut feed = lost.feed().await;
        let path = format!("/v1/sessions/{}", session_of(&lost).await);
        alice.delete(&path).await.ok(204);
        lost.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        assert_eq!(feed.is_closed().await.0, 3503);
        let head = world.head();
        alice.delete(&path).await.ok(204);
        assert_eq!(world.head(), head, "it is over already");
        alice.get("/v1/me").await.ok(200);
    }

    async fn what_the_session_still_had_is_worth_nothing(world: &mut World) {
        let alice = world.registers("alice").await;
        let body = json!({"username": "alice", "password": tests::person::PASSWORD});
        let session = world.http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201);
        let token = session["access_token"].as_str().unwrap();
        world.http.ask("DELETE", "/v1/sessions/current").token(token).send().await.ok(204);
        let refresh = json!({"refresh_token": session["refresh_token"]});
        let refreshed = world.http.ask("POST", "/v1/sessions/refresh").json(&refresh).send().await;
        refreshed.problem(401, "INVALID_REFRESH_TOKEN");
        let mut late = tests::feed::Feed::connects_to(&world.http, None).await;
        late.send(&json!({"op": "identify", "token": token})).await;
        assert_eq!(late.is_closed().await.0, 3500);
        drop(alice);
    }

    async fn a_session_that_is_over_stays_over_after_a_restart(world: &mut World) {
        let alice = world.registers("alice").await;
        let gone = alice.signs_in().await;
        gone.delete("/v1/sessions/current").await.ok(204);
        world.restarts().await;
        let (alice, gone) =
            (Person { http: world.http.clone(), ..alice }, Person { http: world.http.clone(), ..gone });
        gone.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        alice.get("/v1/me").await.ok(200);
    }

    async fn a_session_that_ends_elsewhere_is_over_here_within_two_seconds(world: &mut World) {
        let alice = world.registers("alice").await;
        let gone = alice.signs_in().await;
        let mut feed = gone.feed().await;
        let session = session_of(&gone).await.parse().expect("an id");
        let since = Instant::now();
        // As another process would: only the log's tail tells of it here.
        let command = RevokeSession { session, reason: RevocationReason::SignedOut };
        let envelope = Envelope::of(alice.id.parse().expect("an id"), Uuid::now_v7());
        world.app().executor.execute(command, envelope).await.expect("revoked");
        let over = || async { (gone.get("/v1/me").await.status == 401).then_some(()) };
        eventually("the session is over", over).await;
        assert_eq!(feed.is_closed().await.0, 3503);
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        alice.get("/v1/me").await.ok(200);
    }

    async fn the_sessions_of_others_do_not_exist(world: &mut World) {
        let (alice, bob) = (world.registers("alice").await, world.registers("bob").await);
        let path = format!("/v1/sessions/{}", session_of(&bob).await);
        alice.delete(&path).await.problem(404, "NOT_FOUND");
        alice.delete("/v1/sessions/00000000-0000-7000-8000-000000000000").await.problem(404, "NOT_FOUND");
        alice.delete("/v1/sessions/nonsense").await.problem(404, "NOT_FOUND");
        bob.get("/v1/me").await.ok(200);
    }
}
