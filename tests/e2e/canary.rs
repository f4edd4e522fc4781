//! What people write goes through, and lies nowhere in clear: no file, no table, no stream, no log line, no metric.

use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tests::databases::Databases;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::remains::{CANARY, look_through, places};
use uuid::Uuid;

/// Words that occur nowhere else, one for each way in.
struct Canaries {
    /// No file that was last written before can hold one.
    since: SystemTime,
    words: Vec<(&'static str, String)>,
}

impl Canaries {
    fn hatch() -> Self {
        let kinds = [
            "username",
            "display_name",
            "password",
            "device_name",
            "group_name",
            "description",
            "text",
            "edited_text",
            "client_ref",
            "idempotency_key",
            "story_text",
            "followers_story_text",
            "close_friends_story_text",
            "caption",
            "request_id",
            "reason",
        ];
        let word = |kind: &&'static str| (*kind, format!("{CANARY}{}", &Uuid::new_v4().simple().to_string()[..20]));
        Self { since: SystemTime::now(), words: kinds.iter().map(word).collect() }
    }

    fn get(&self, kind: &str) -> &str {
        &self.words.iter().find(|(known, _)| *known == kind).expect("a kind").1
    }

    /// The kinds that stand in these bytes.
    fn found_in(&self, bytes: &[u8]) -> Vec<&'static str> {
        // One pass for what all have in common, then the exact word.
        let mut found = Vec::new();
        for at in places(bytes, CANARY.as_bytes()) {
            for (kind, word) in &self.words {
                let here = bytes.get(at..at + word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                    found.push(*kind);
                }
            }
        }
        found
    }
}

/// Gives how many files there are. The search index is the one place with words in clear, and only with what messages say.
fn assert_clean(folder: &Path, canaries: &Canaries) -> usize {
    look_through(folder, canaries.since, &mut |path, bytes| {
        let mut found = canaries.found_in(bytes);
        if path.components().any(|part| part.as_os_str() == "search") {
            found.retain(|kind| !["text", "edited_text"].contains(kind));
        }
        assert!(found.is_empty(), "{found:?} in clear in {}", path.display());
    })
}

async fn everything_goes_through(server: &Server, canaries: &Canaries) -> Person {
    let word = |kind: &str| canaries.get(kind).to_owned();
    let http = &server.http;
    let body =
        json!({"username": word("username"), "password": word("password"), "display_name": word("display_name")});
    let account =
        http.ask("POST", "/v1/accounts").header("x-request-id", word("request_id")).json(&body).send().await.ok(201);
    let body = json!({"username": word("username"), "password": word("password"), "device_name": word("device_name")});
    let session = http.ask("POST", "/v1/sessions").json(&body).send().await.ok(201);
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    let alice = Person {
        id: text(&account["id"]),
        username: word("username"),
        token: text(&session["access_token"]),
        http: http.clone(),
    };
    let (bob, carol) = (Person::registers(http, "bob").await, Person::registers(http, "carol").await);
    let mut feed = bob.feed().await;
    let group = json!({"type": "group", "name": word("group_name"), "description": word("description"),
        "member_ids": [bob.id, carol.id]});
    let room = tests::room::Room::from_json(alice.post("/v1/conversations", group).await.ok(201));
    let send = alice.ask("POST", &room.path("/messages")).key(canaries.get("idempotency_key"));
    let sent = send.json(&json!({"text": word("text"), "client_ref": word("client_ref")})).send().await.ok(201);
    let said = tests::room::Said::from_json(sent);
    alice.edits(&said, canaries.get("edited_text")).await.ok(200);
    bob.deletes(&said).await.any_problem();
    let story = json!({"text": word("story_text"), "caption": word("caption"), "privacy": "public"});
    alice.post("/v1/stories", story).await.ok(201);
    bob.follows(&alice).await.ok(204);
    alice.befriends(&carol).await.ok(204);
    for privacy in ["followers", "close_friends"] {
        let story = alice.posts_story_for(&word(&format!("{privacy}_story_text")), privacy).await;
        let viewer = if privacy == "followers" { &bob } else { &carol };
        viewer.views_story(&story).await.ok(204);
        alice.changes_privacy(&story, "public").await.ok(204);
        alice.deletes_story(&story).await.ok(204);
    }
    // What is refused passes through too: with these words in the body, the path and the query.
    alice.post(&room.path("/messages"), json!({"text": word("text"), "nope": word("text")})).await.any_problem();
    http.ask("POST", "/v1/sessions")
        .json(&json!({"username": word("username"), "password": word("text")}))
        .send()
        .await
        .any_problem();
    alice.get(&format!("/v1/accounts?username={}", word("username"))).await.ok(200);
    alice.get(&format!("/v1/messages/{}", word("text"))).await.any_problem();
    alice.ask("DELETE", &said.path("")).header("tidings-reason", word("reason")).send().await.ok(204);
    assert_eq!(feed.event("message.sent").await["text"], word("text"));
    assert_eq!(bob.get(&room.path("")).await.ok(200)["name"], word("group_name"));
    feed.closes().await;
    alice
}

async fn nothing_is_left_in_clear(environment: &[(&str, &str)], production: Option<&Databases>, others: &[PathBuf]) {
    let data = tempfile::tempdir().expect("a directory");
    let canaries = Canaries::hatch();
    let mut environment = environment.to_vec();
    environment.push(("TIDINGS_TELEMETRY__LEVEL", "trace"));
    let server = Server::start(data.path(), &environment).await;
    let alice = everything_goes_through(&server, &canaries).await;
    let metrics = server.http.ask("GET", "/metrics").send().await.body;
    assert_eq!(canaries.found_in(&metrics), Vec::<&str>::new(), "in the metrics");
    assert!(assert_clean(data.path(), &canaries) >= 5, "the running server's files");
    if let Some(databases) = production {
        databases.checkpoint().await;
    }
    for folder in others {
        assert!(assert_clean(folder, &canaries) > 0, "{} holds nothing", folder.display());
    }
    let token = alice.token.clone();
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    // A client's own name for its request is echoed to it and may stand in the log, where it is looked for.
    let without_request_id = ended.log.replace(canaries.get("request_id"), "");
    assert_eq!(canaries.found_in(without_request_id.as_bytes()), Vec::<&str>::new(), "in the log lines");
    assert!(!ended.log.contains(&token), "an access token in the log lines");
    assert!(ended.log.len() > 1_000, "there are log lines to look at");
    assert_clean(data.path(), &canaries);
    let read = shell(data.path(), &["log", "read"], "", &environment).await;
    assert!(read.status.success() && !read.stdout.is_empty(), "{}", String::from_utf8_lossy(&read.stderr));
    assert_eq!(canaries.found_in(&read.stdout), Vec::<&str>::new(), "in what the log shows");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_in_clear_in_embedded_mode() {
    nothing_is_left_in_clear(&[], None, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_in_clear_in_production_mode() {
    let Some(databases) = Databases::make().await else {
        println!("skipped: PostgreSQL and NATS are started by tests/run");
        return;
    };
    let servers = ["TIDINGS_TEST_POSTGRES_DATA", "TIDINGS_TEST_NATS_DATA"].map(std::env::var);
    let folders: Vec<PathBuf> = servers.into_iter().flatten().map(PathBuf::from).collect();
    nothing_is_left_in_clear(&databases.environment(), Some(&databases), &folders).await;
    databases.drop_all().await;
}

#[test]
fn a_canary_in_clear_is_found() {
    let canaries = Canaries::hatch();
    let text = format!("some\u{0}bytes{}and more", canaries.get("text").to_uppercase());
    assert_eq!(canaries.found_in(text.as_bytes()), ["text"]);
    assert_eq!(canaries.found_in(b"canarycanary and nothing else"), Vec::<&str>::new());
    for before in 0..50 {
        let text = format!("{}{}{}", "c".repeat(before), canaries.get("text"), canaries.get("reason"));
        assert_eq!(canaries.found_in(text.as_bytes()), ["text", "reason"], "after {before} bytes");
    }
}
