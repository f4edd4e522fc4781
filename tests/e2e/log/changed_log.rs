//! Another log under the same deployment, as after a restore: nothing of the old one is shown as if it were of the new one.

use serde_json::json;
use std::fs;
use std::path::Path;
use tests::databases::Databases;
use tests::feed::Feed;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::wait::eventually;

/// A directory with a log of its own, stopped.
async fn other(data: &Path, environment: &[(&str, &str)]) {
    let server = Server::start(data, environment).await;
    let carol = Person::registers(&server.http, "carol").await;
    let dave = Person::registers(&server.http, "dave").await;
    let room = carol.meets(&dave).await;
    carol.sends("of the other log", &room).await;
    server.stop().await;
}

/// The read models stay, log and keys are others'.
fn put_in_place(theirs: &Path, ours: &Path) {
    for part in ["log", "keys"] {
        fs::remove_dir_all(ours.join(part)).unwrap();
        fs::rename(theirs.join(part), ours.join(part)).unwrap();
    }
    let key = "secrets/key-encryption-key";
    fs::remove_file(ours.join(key)).unwrap();
    fs::rename(theirs.join(key), ours.join(key)).unwrap();
}

/// `of_ours` is the environment of the deployment, `of_theirs` that of the one whose log comes into its place.
async fn the_log_changes(of_ours: &[(&str, &str)], of_theirs: &[(&str, &str)]) {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    other(theirs.path(), of_theirs).await;
    let server = Server::start(ours.path(), of_ours).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    for name in ["eve", "frank"] {
        let other = Person::registers(&server.http, name).await;
        alice.meets(&other).await;
    }
    alice.meets(&bob).await;
    let page = alice.get("/v1/conversations?limit=1").await;
    let old_log = page.headers["tidings-log"].to_str().unwrap().to_owned();
    let cursor = page.ok(200)["next_cursor"].as_str().expect("a cursor").to_owned();
    server.stop().await;

    put_in_place(theirs.path(), ours.path());
    let server = Server::start(ours.path(), of_ours).await;
    let ready = server.http.ask("GET", "/readyz").send().await;
    assert_eq!(ready.status, 503);
    // The search index is nobody's but this process's: it is begun anew by itself.
    let is_stopped = |one: &serde_json::Value| one["state"] == "stopped" || one["name"] == "search";
    assert!(ready.json()["projections"].as_array().unwrap().iter().all(is_stopped));
    let ask = |path: &str| server.http.ask("GET", path).token(&alice.token).at_once();
    ask("/v1/conversations").send().await.problem(503, "PROJECTION_BEHIND");

    let rebuilt = shell(ours.path(), &["rebuild", "--all", "--reason", "another log"], "", of_ours).await;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let ready = || async { (server.http.ask("GET", "/readyz").send().await.status == 200).then_some(()) };
    eventually("it is ready", ready).await;
    let carol = Person { id: String::new(), username: "carol".into(), token: String::new(), http: server.http.clone() };
    let carol = carol.signs_in().await;
    let inbox = carol.get("/v1/conversations").await.ok(200);
    assert_eq!(inbox["items"].as_array().map(Vec::len), Some(1), "{inbox}");
    let none = ask("/v1/conversations").send().await.ok(200);
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0), "whoever the new log does not know: {none}");
    let with_position =
        ask("/v1/conversations").header("tidings-min-position", "1").header("tidings-log", old_log.clone());
    with_position.send().await.problem(409, "LOG_CHANGED");
    // Sealed under the old log's keys, it is not even recognised as a cursor.
    let refused = ask(&format!("/v1/conversations?limit=1&cursor={cursor}")).send().await;
    assert!([400, 409].contains(&refused.status), "{}", refused.status);

    let mut feed = Feed::connects(&carol).await;
    feed.send(&json!({"op": "resume", "position": "1", "log_id": old_log})).await;
    feed.is_ready().await;
    let reset = feed.next().await;
    assert_eq!((&reset["op"], &reset["reason"]), (&json!("reset"), &json!("log_changed")));
    let dave = Person { username: "dave".into(), ..carol.clone() }.signs_in().await;
    let grace = Person::registers(&server.http, "grace").await;
    let room = dave.founds("of the new log", &[&carol, &grace]).await;
    dave.sends("it goes on", &room).await;
    assert_eq!(feed.event("message.sent").await["seq"], 1, "over the transport of the new log");
    feed.closes().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_models_wait_for_a_rebuild_and_positions_and_cursors_are_refused() {
    the_log_changes(&[], &[]).await;
}

/// The keys lie beside the log, so that they can be put in place with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_production_the_other_log_has_a_stream_of_its_own_in_nats_and_its_rows_are_rebuilt() {
    let Some(databases) = Databases::make().await else {
        println!("skipped: PostgreSQL and NATS are started by tests/run");
        return;
    };
    let [reads, _, nats] = databases.environment();
    the_log_changes(&[reads, nats], &[nats]).await;
    databases.drop_all().await;
}
