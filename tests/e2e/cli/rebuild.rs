//! `tidings rebuild`, `tidings doctor` and the socket that the shell asks a running server through.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;
use tests::person::Person;
use tests::process::{Server, shell};

async fn json(data: &Path, arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments: Vec<&str> = ["--json"].into_iter().chain(arguments.iter().copied()).collect();
    let output = shell(data, &arguments, "", &[]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text} {errors}")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_models_are_rebuilt_through_the_running_server_and_without_one() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let socket = data.path().join("admin.sock");
    let meta = fs::metadata(&socket).unwrap();
    assert!(meta.file_type().is_socket() && meta.permissions().mode() & 0o777 == 0o600);
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    alice.sends("one", &room).await;
    let (code, rebuilt) = json(data.path(), &["rebuild", "--all"]).await;
    let all = rebuilt["projections"].as_array().expect("projections");
    assert_eq!((code, all.len()), (Some(0), 7), "{rebuilt}");
    let is_good = |one: &Value| {
        let compared = if one["projection"] == "search" { "impossible" } else { "equal" };
        one["comparison"] == compared && one["switched"] == true
    };
    assert!(all.iter().all(is_good), "{rebuilt}");
    assert_eq!(bob.timeline(&room).await.len(), 1);
    let unknown = shell(data.path(), &["rebuild", "nothing"], "", &[]).await;
    assert_eq!(unknown.status.code(), Some(1));
    server.stop().await;
    assert!(!socket.exists(), "it goes with its server");

    let (code, rebuilt) = json(data.path(), &["rebuild", "messaging"]).await;
    assert_eq!((code, &rebuilt["projections"][0]["comparison"]), (Some(0), &Value::from("equal")), "{rebuilt}");
    let server = Server::start(data.path(), &[]).await;
    let bob = Person { http: server.http.clone(), ..bob };
    assert_eq!(bob.timeline(&room).await.len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_that_a_crash_left_is_no_obstacle() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    server.kill().await;
    assert!(data.path().join("admin.sock").exists(), "it is left");
    let made = shell(data.path(), &["account", "create", "eve"], "", &[]).await;
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    let server = Server::start(data.path(), &[]).await;
    let made = shell(data.path(), &["account", "create", "eva"], "", &[]).await;
    assert_eq!(made.status.code(), Some(0), "{}", String::from_utf8_lossy(&made.stderr));
    server.stop().await;
    fs::write(data.path().join("admin.sock"), "in the way").unwrap();
    let refused = Server::try_start(data.path(), &[]).await.err().expect("it does not start");
    assert!(refused.contains("admin.sock"), "{refused}");
}

#[tokio::test]
async fn a_doctor_finds_what_is_wrong_beside_a_running_server() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let (code, report) = json(data.path(), &["doctor"]).await;
    assert_eq!((code, &report["ok"]), (Some(0), &Value::Bool(true)), "{report}");
    let findings = report["findings"].as_array().expect("findings");
    let checks: Vec<&str> = findings.iter().filter_map(|finding| finding["check"].as_str()).collect();
    for check in ["disk sync", "disk space", "open files", "clock", "log", "permissions", "database", "keys"] {
        assert!(checks.contains(&check), "{check} is not looked at: {checks:?}");
    }
    let password = findings.iter().find(|finding| finding["check"] == "first password").expect("a finding");
    assert_eq!(password["verdict"], "warning", "{password}");
    server.stop().await;

    let key = data.path().join("secrets/key-encryption-key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (code, report) = json(data.path(), &["doctor"]).await;
    assert_eq!((code, &report["ok"]), (Some(1), &Value::Bool(false)), "{report}");
    fs::remove_file(data.path().join("keys/keys.db")).unwrap();
    let (_, report) = json(data.path(), &["doctor"]).await;
    let bad = report["findings"].as_array().expect("findings").iter().filter(|finding| finding["verdict"] == "bad");
    assert_eq!(bad.count(), 2, "{report}");
}

#[tokio::test]
async fn a_server_whose_socket_has_too_long_a_path_starts_and_the_shell_says_why_it_cannot_ask() {
    let data = tempfile::tempdir().unwrap();
    let long = data.path().join("d".repeat(110));
    fs::create_dir(&long).unwrap();
    assert!(UnixListener::bind(long.join("admin.sock")).is_err(), "the system takes no such path");
    let server = Server::start(&long, &[]).await;
    let refused = shell(&long, &["account", "create", "eve"], "", &[]).await;
    let why = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && why.contains("too long"), "{why}");
    server.stop().await;
}
