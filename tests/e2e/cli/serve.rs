//! `tidings serve`: how it begins, what it prints, how it ends.

use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tests::person::Person;
use tests::process::{Server, shell};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_prints_one_line_and_stops_in_order() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(&data.path().join("new"), &[]).await;
    assert!(server.http.base.starts_with("http://127.0.0.1:"));
    let alice = Person::registers(&server.http, "alice").await;
    let mut feed = alice.feed().await;
    let watch = tokio::spawn(async move { feed.is_closed().await });
    let ended = server.stop().await;
    assert_eq!((ended.code, ended.output.as_str()), (Some(0), ""), "{}", ended.log);
    assert_eq!(watch.await.unwrap().0, 3001);
    for line in ended.log.lines() {
        let parsed: Result<Value, _> = serde_json::from_str(line);
        assert!(parsed.is_ok(), "not on a terminal, a log line is JSON: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn its_first_start_makes_an_admin_whose_password_only_the_owner_can_read() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let file = data.path().join("admin-password");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let password = fs::read_to_string(&file).unwrap();
    let password = password.trim_end();
    assert!(password.len() >= 16, "{}", password.len());
    let admin = Person { id: String::new(), username: "admin".into(), token: String::new(), http: server.http.clone() };
    let admin = admin.signs_in_with(password).await;
    assert_eq!(admin.get("/v1/me").await.ok(200)["role"], "admin");
    let ended = server.stop().await;
    assert!(!ended.log.contains(password), "no secret is ever printed");

    let again = Server::start(data.path(), &[]).await;
    assert_eq!(fs::read_to_string(&file).unwrap().trim_end(), password, "later starts leave it alone");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_directory_does_not_start() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let refused = Server::try_start(data.path(), &[]).await.err().expect("it must not start");
    assert!(refused.contains("in use"), "{refused}");
    server.http.ask("GET", "/healthz").send().await.ok(200);
    server.stop().await;
}

#[tokio::test]
async fn a_bad_setting_stops_the_start_with_a_line_that_names_it() {
    let data = tempfile::tempdir().unwrap();
    let refused = Server::try_start(data.path(), &[("TIDINGS_SERVER__LISTEN_ON", "x")]).await.err().expect("refused");
    assert!(refused.contains("listen_on"), "{refused}");
}

#[tokio::test]
async fn every_command_has_help_with_an_example_and_wrong_usage_is_two() {
    let data = tempfile::tempdir().unwrap();
    let commands: &[&[&str]] = &[
        &[],
        &["serve"],
        &["import", "slack"],
        &["account", "create"],
        &["account", "password"],
        &["account", "role"],
        &["account", "token"],
        &["log", "read"],
        &["log", "tail"],
        &["log", "verify"],
        &["rebuild"],
        &["doctor"],
        &["config", "check"],
        &["openapi"],
    ];
    for command in commands {
        let arguments: Vec<&str> = command.iter().copied().chain(["--help"]).collect();
        let help = shell(data.path(), &arguments, "", &[]).await;
        let text = String::from_utf8_lossy(&help.stdout).into_owned();
        assert_eq!(help.status.code(), Some(0), "{arguments:?}: {text}");
        assert!(text.to_lowercase().contains("example"), "{arguments:?} has no example: {text}");
    }
    for wrong in [&["fly"][..], &["serve", "--no-such-flag"], &["import", "slack"], &["account", "create"], &["log"]] {
        let output = shell(data.path(), wrong, "", &[]).await;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn the_document_of_the_shell_is_the_served_one() {
    let data = tempfile::tempdir().unwrap();
    let printed = shell(data.path(), &["openapi"], "", &[]).await;
    assert!(printed.status.success());
    let printed: Value = serde_json::from_slice(&printed.stdout).expect("JSON");
    let server = Server::start(data.path(), &[]).await;
    assert_eq!(server.http.ask("GET", "/openapi.json").send().await.ok(200), printed);
    server.stop().await;
}
