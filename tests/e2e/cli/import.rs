//! `tidings import slack` as a process: its exit codes and what it prints.

use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use tests::process::{Server, shell};
use zip::write::SimpleFileOptions;

fn small_export(path: &Path) {
    let users = json!([{"id": "U1", "team_id": "T", "name": "ada"}]);
    let channels = json!([{"id": "C1", "name": "general", "created": 1, "creator": "U1", "members": ["U1"]}]);
    let day = json!([{"type": "message", "user": "U1", "text": "hello", "ts": "5.000001"}, {"ts": "6.000000", "user": "U9",
        "text": "who?"}]);
    let mut writer = zip::ZipWriter::new(File::create(path).unwrap());
    for (name, content) in [("users.json", users), ("channels.json", channels), ("general/1.json", day)] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.to_string().as_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reports_and_ends_with_zero_and_with_one_when_nothing_could_be_read() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("export.zip");
    small_export(&file);
    let path = file.to_str().unwrap();
    let output = shell(data.path(), &["import", "slack", path], "", &[]).await;
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(told.contains("U9 is not there") && told.contains("messages"), "{told}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("importing: "), "plain lines where there is no terminal");

    let again = shell(data.path(), &["import", "slack", path, "--json"], "", &[]).await;
    let report: Value = serde_json::from_slice(&again.stdout).expect("one JSON object");
    assert_eq!((&report["messages"]["found"], &report["messages"]["added"]), (&json!(2), &json!(0)));

    std::fs::write(&file, "no zip").unwrap();
    let broken = shell(data.path(), &["import", "slack", path], "", &[]).await;
    assert_eq!(broken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("no zip archive"));

    let server = Server::start(data.path(), &[]).await;
    server.http.ask("GET", "/readyz").send().await.ok(200);
    server.stop().await;
}
