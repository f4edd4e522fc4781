//! Signing out, here and elsewhere: requests and sockets end.

use commands::command::Envelope;
use commands::session::revoke_session::RevokeSession;
use domain::session::values::RevocationReason;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::person::{PASSWORD, Person};
use tests::wait::{eventually, let_run, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

async fn session_of(person: &Person) -> String {
    let items = person.get("/v1/sessions").await.ok(200)["items"].as_array().cloned().expect("items");
    let current = items.iter().find(|item| item["current"] == true).expect("the one that asks");
    current["id"].as_str().expect("an id").to_owned()
}

/// The head of a request and the first bytes of its body; gives the connection and the rest.
async fn begins(person: &Person, method: &str, path: &str, body: &Value) -> (TcpStream, String) {
    let body = body.to_string();
    let (first, rest) = body.split_at(5);
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{first}",
        person.token,
        body.len()
    );
    let address = person.http.base.strip_prefix("http://").expect("an address");
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(request.as_bytes()).await.expect("an open connection");
    (stream, rest.to_owned())
}

/// Sends the rest; gives the first line of the answer.
async fn ends((mut stream, rest): (TcpStream, String)) -> String {
    stream.write_all(rest.as_bytes()).await.expect("an open connection");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer.lines().next().unwrap_or_default().to_owned()
}

both_modes! {
    async fn what_a_session_began_to_send_is_refused_when_it_is_over_before_the_end(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let thief = alice.signs_in().await;
        let new_password = json!({"current_password": PASSWORD, "new_password": "a password of the thief"});
        let message = json!({"conversation_id": room.id, "idempotency_key": "late", "text": "late"});
        let begun = [
            begins(&thief, "POST", &room.path("/messages"), &json!({"text": "late"})).await,
            begins(&thief, "PUT", "/v1/me/password", &new_password).await,
            begins(&thief, "POST", "/v1/messages/sync", &json!({"messages": [message]})).await,
        ];
        // Until all three are waited for: what comes on a connection after its head was read is body.
        let_run(Duration::from_millis(300)).await;
        alice.delete(&format!("/v1/sessions/{}", session_of(&thief).await)).await.ok(204);
        for begun in begun {
            assert_eq!(ends(begun).await, "HTTP/1.1 401 Unauthorized");
        }
        assert!(bob.timeline(&room).await.is_empty());
        alice.signs_in().await;
    }

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

    async fn a_request_that_waits_for_a_read_model_ends_with_its_session(world: &mut World) {
        let (alice, _, room) = world.two_in_a_room().await;
        alice.sees(&room).await;
        let lost = alice.signs_in().await;
        let held = world.holds("messaging").await;
        let said = alice.sends("not for who is signed out", &room).await;
        // For up to 5 seconds, until the answer knows of the newest message.
        let waits = |person: &Person| tokio::spawn(person.ask("GET", &room.path("/messages")).send());
        let connections = world.app().revocations.connections();
        let (gone, stays) = (waits(&lost), waits(&alice));
        let both = || async { (world.app().revocations.connections() == connections + 2).then_some(()) };
        eventually("both wait", both).await;
        lost.delete("/v1/sessions/current").await.ok(204);
        let since = Instant::now();
        soon("an answer", gone).await.expect("it does not panic").problem(401, "UNAUTHENTICATED");
        assert!(since.elapsed() < Duration::from_secs(2), "{:?}", since.elapsed());
        held.ends().await;
        let page = soon("an answer", stays).await.expect("it does not panic").ok(200);
        assert_eq!(page["items"][0]["id"], said.id.as_str());
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
