//! `tidings keys …`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::person::{PASSWORD, Person};
use tests::process::{Server, shell};

async fn rotate(data: &Path, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> =
        ["keys", "rotate-token", "--json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = shell(data, &arguments, "", &[]).await;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

fn key_of(token: &str) -> Value {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
    serde_json::from_slice::<Value>(&header).expect("JSON")["kid"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_signs_with_the_new_key_and_old_tokens_live_on() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let alice = Person::registers(&server.http, "alice").await;
    let rotated = rotate(data.path(), &[]).await;
    assert_eq!(rotated["verifying"][0]["id"], key_of(&alice.token));
    alice.get("/v1/me").await.ok(200);
    let again = alice.signs_in().await;
    assert_eq!(key_of(&again.token), rotated["signing"]);
    assert_ne!(key_of(&again.token), key_of(&alice.token));
    again.get("/v1/me").await.ok(200);
    let file = data.path().join("secrets/token-key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop().await;

    let alone = rotate(data.path(), &[]).await;
    let server = Server::start(data.path(), &[]).await;
    for token in [&alice.token, &again.token] {
        server.http.ask("GET", "/v1/me").token(token).send().await.ok(200);
    }
    let alice = Person { http: server.http.clone(), ..alice };
    assert_eq!(key_of(&alice.signs_in().await.token), alone["signing"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_got_out_ends_at_once_and_sessions_go_on_with_their_refresh_tokens() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let alice = Person::registers(&server.http, "alice").await;
    let body = json!({"username": "alice", "password": PASSWORD});
    let session = server.http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201);
    let mut feed = alice.feed().await;
    let rotated = rotate(data.path(), &["--at-once"]).await;
    assert_eq!(rotated["verifying"], json!([]));
    assert_eq!(feed.is_closed().await.0, 3002, "it may be a thief's");
    alice.get("/v1/me").await.problem(401, "UNAUTHENTICATED");
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let refreshed = server.http.ask("POST", "/v1/sessions/refresh").json(&refresh).send().await.ok(201);
    let token = refreshed["access_token"].as_str().expect("a token");
    assert_eq!(key_of(token), rotated["signing"]);
    server.http.ask("GET", "/v1/me").token(token).send().await.ok(200);
    let text = std::fs::read_to_string(data.path().join("secrets/token-key")).unwrap();
    assert_eq!(text.lines().count(), 1);
    server.stop().await;
}
