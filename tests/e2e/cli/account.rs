//! `tidings account …`.

use serde_json::json;
use std::path::Path;
use tests::person::Person;
use tests::process::{Server, shell};

async fn account(data: &Path, arguments: &[&str], input: &str) -> Result<String, String> {
    let arguments: Vec<&str> = ["account"].into_iter().chain(arguments.iter().copied()).collect();
    let output = shell(data, &arguments, input, &[]).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        Some(1) => Err(text(&output.stderr)),
        other => panic!("{arguments:?}: {other:?} {}", text(&output.stderr)),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_gets_a_password_a_role_and_a_token() {
    let data = tempfile::tempdir().unwrap();
    account(data.path(), &["create", "ann_1", "--role", "analyst"], "").await.expect("created");
    account(data.path(), &["create", "ANN_1", "--role", "user"], "").await.expect_err("the name is taken");
    account(data.path(), &["password", "ann_1"], "a good password\n").await.expect("set");
    account(data.path(), &["password", "ann_1"], "short\n").await.expect_err("too short");
    account(data.path(), &["password", "nobody"], "a good password\n").await.expect_err("unknown");
    account(data.path(), &["role", "nobody", "admin"], "").await.expect_err("unknown");
    let token = account(data.path(), &["token", "ann_1"], "").await.expect("a token");

    let server = Server::start(data.path(), &[]).await;
    let ann = Person { id: String::new(), username: "ann_1".into(), token: String::new(), http: server.http.clone() };
    let ann = ann.signs_in_with("a good password").await;
    ann.get("/v1/log?limit=1").await.ok(200);
    let with_token = server.http.ask("GET", "/v1/me").token(token.trim()).send().await.ok(200);
    assert_eq!((&with_token["id"], &with_token["role"]), (&json!(ann.id), &json!("analyst")));
    server.stop().await;

    account(data.path(), &["role", "ann_1", "auditor"], "").await.expect("granted");
    let server = Server::start(data.path(), &[]).await;
    let ann = Person { http: server.http.clone(), ..ann };
    assert_eq!(ann.get("/v1/me").await.ok(200)["role"], "auditor");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_server_it_works_through_it() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    account(data.path(), &["create", "beside", "--role", "user"], "").await.expect("created");
    account(data.path(), &["password", "beside"], "a good password\n").await.expect("set");
    account(data.path(), &["role", "nobody", "admin"], "").await.expect_err("unknown");
    let alice = Person::registers(&server.http, "alice").await;
    let found = alice.get("/v1/accounts?username=beside").await.ok(200);
    assert_eq!(found["items"].as_array().map(Vec::len), Some(1));
    let beside =
        Person { id: String::new(), username: "beside".into(), token: String::new(), http: server.http.clone() };
    beside.signs_in_with("a good password").await;
    server.stop().await;
}
