//! Changing one's password.

use commands::account::change_password::ChangePassword;
use commands::command::Envelope;
use domain::values::Password;
use serde_json::json;
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::person::{PASSWORD, Person};
use tests::reply::Reply;
use tests::wait::eventually;

const NEW: &str = "another horse battery";

async fn change(person: &Person, current: &str, new: &str) -> Reply {
    person.put("/v1/me/password", json!({"current_password": current, "new_password": new})).await
}

both_modes! {
    async fn a_new_password_ends_every_other_session(world: &mut World) {
        let alice = world.registers("alice").await;
        let (other, mut own_feed) = (alice.signs_in().await, alice.feed().await);
        let mut feed = other.feed().await;
        change(&alice, PASSWORD, NEW).await.ok(204);
        other.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        assert_eq!(feed.is_closed().await.0, 3503);
        alice.get("/v1/me").await.ok(200);
        let said = alice.posts_story("still here").await;
        own_feed.events_until(|frame| frame["data"]["id"] == said["id"]).await;
        own_feed.closes().await;
        assert_eq!(alice.get("/v1/sessions").await.ok(200)["items"].as_array().map(Vec::len), Some(1));

        let old = json!({"username": "alice", "password": PASSWORD});
        world.http.ask("POST", "/v1/sessions").json(&old).send().await.problem(401, "INVALID_CREDENTIALS");
        let fresh = alice.signs_in_with(NEW).await;
        change(&fresh, NEW, PASSWORD).await.ok(204);
        alice.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        fresh.get("/v1/me").await.ok(200);
    }

    async fn other_sessions_stay_over_after_a_restart(world: &mut World) {
        let alice = world.registers("alice").await;
        let other = alice.signs_in().await;
        change(&alice, PASSWORD, NEW).await.ok(204);
        world.restarts().await;
        let (alice, other) =
            (Person { http: world.http.clone(), ..alice }, Person { http: world.http.clone(), ..other });
        other.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
        alice.get("/v1/me").await.ok(200);
    }

    async fn a_password_that_is_set_elsewhere_ends_every_session_here_within_two_seconds(world: &mut World) {
        let alice = world.registers("alice").await;
        let password_hash = world.app().passwords.hash(Password::parse(NEW).expect("a password")).await.expect("a hash");
        let account = alice.id.parse().expect("an id");
        let since = Instant::now();
        // As another process would: only the log's tail tells of it here.
        let command = ChangePassword { account, password_hash, compared_revision: None, kept_session: None };
        world.app().executor.execute(command, Envelope::default()).await.expect("changed");
        let over = || async { (alice.get("/v1/me").await.status == 401).then_some(()) };
        eventually("the session is over", over).await;
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        let old = json!({"username": "alice", "password": PASSWORD});
        world.http.ask("POST", "/v1/sessions").json(&old).send().await.problem(401, "INVALID_CREDENTIALS");
        alice.signs_in_with(NEW).await.get("/v1/me").await.ok(200);
    }

    async fn a_wrong_password_changes_nothing_and_counts_as_a_failed_sign_in(world: &mut World) {
        let alice = world.registers("alice").await;
        let head = world.head();
        for _ in 0..10 {
            change(&alice, "wrong password", NEW).await.problem(403, "WRONG_PASSWORD");
        }
        change(&alice, PASSWORD, NEW).await.problem(429, "RATE_LIMITED");
        let body = json!({"username": "alice", "password": PASSWORD});
        world.http.ask("POST", "/v1/sessions").json(&body).send().await.problem(429, "RATE_LIMITED");
        assert_eq!(world.head(), head);
    }

    async fn of_two_changes_at_once_that_know_the_same_password_one_happens(world: &mut World) {
        let alice = world.registers("alice").await;
        let (one, two) = tokio::join!(change(&alice, PASSWORD, NEW), change(&alice, PASSWORD, "a third password"));
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [204, 403]);
    }

    async fn passwords_that_do_not_fit_are_refused_by_pointer(world: &mut World) {
        let alice = world.registers("alice").await;
        change(&alice, PASSWORD, "short").await.invalid("/new_password");
        change(&alice, PASSWORD, &"x".repeat(129)).await.invalid("/new_password");
        alice.put("/v1/me/password", json!({"new_password": NEW})).await.invalid("/current_password");
        alice.get("/v1/me").await.ok(200);
    }
}
