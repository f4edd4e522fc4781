//! Another log under the same deployment, as after a restore: nothing of the old one is shown as if it were of the new one.

use std::fs;
use std::path::Path;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::wait::eventually;

/// A directory with a log of its own, stopped; gives how far it is.
async fn other(data: &Path) -> u64 {
    let server = Server::start(data, &[]).await;
    let carol = Person::registers(&server.http, "carol").await;
    let dave = Person::registers(&server.http, "dave").await;
    let room = carol.meets(&dave).await;
    carol.sends("of the other log", &room).await;
    let head = server.http.seen();
    server.stop().await;
    head
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_models_wait_for_a_rebuild_and_positions_and_cursors_are_refused() {
    let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    other(theirs.path()).await;
    let server = Server::start(ours.path(), &[]).await;
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

    // The read models stay, log and keys are others'.
    for part in ["log", "keys"] {
        fs::remove_dir_all(ours.path().join(part)).unwrap();
        fs::rename(theirs.path().join(part), ours.path().join(part)).unwrap();
    }
    let key = "secrets/key-encryption-key";
    fs::remove_file(ours.path().join(key)).unwrap();
    fs::rename(theirs.path().join(key), ours.path().join(key)).unwrap();
    let server = Server::start(ours.path(), &[]).await;
    let ready = server.http.ask("GET", "/readyz").send().await;
    assert_eq!(ready.status, 503);
    assert!(ready.json()["projections"].as_array().unwrap().iter().all(|one| one["state"] == "stopped"));
    let ask = |path: &str| server.http.ask("GET", path).token(&alice.token).at_once();
    ask("/v1/conversations").send().await.problem(503, "PROJECTION_BEHIND");

    let rebuilt = shell(ours.path(), &["rebuild", "--all", "--reason", "another log"], "", &[]).await;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    let ready = || async { (server.http.ask("GET", "/readyz").send().await.status == 200).then_some(()) };
    eventually("it is ready", ready).await;
    let carol = Person { id: String::new(), username: "carol".into(), token: String::new(), http: server.http.clone() };
    let carol = carol.signs_in().await;
    let inbox = carol.get("/v1/conversations").await.ok(200);
    assert_eq!(inbox["items"].as_array().map(Vec::len), Some(1), "{inbox}");
    let none = ask("/v1/conversations").send().await.ok(200);
    assert_eq!(none["items"].as_array().map(Vec::len), Some(0), "whoever the new log does not know: {none}");
    let with_position = ask("/v1/conversations").header("tidings-min-position", "1").header("tidings-log", old_log);
    with_position.send().await.problem(409, "LOG_CHANGED");
    // Sealed under the old log's keys, it is not even recognised as a cursor.
    let refused = ask(&format!("/v1/conversations?limit=1&cursor={cursor}")).send().await;
    assert!([400, 409].contains(&refused.status), "{}", refused.status);
    server.stop().await;
}
