//! `tidings log …`: reads beside a running server, which has the lock.

use serde_json::Value;
use std::path::Path;
use tests::feed::number;
use tests::person::Person;
use tests::process::{Server, shell};

async fn read(data: &Path, arguments: &[&str]) -> Vec<Value> {
    let arguments: Vec<&str> = ["log", "read"].into_iter().chain(arguments.iter().copied()).collect();
    let output = shell(data, &arguments, "", &[]).await;
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_reads_everything_while_the_server_runs() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    for text in ["one", "two", "three"] {
        alice.sends(text, &room).await;
    }
    let all = read(data.path(), &[]).await;
    let positions: Vec<u64> = all.iter().map(|event| number(&event["position"])).collect();
    assert_eq!(positions, (1..=positions.len() as u64).collect::<Vec<_>>());
    assert!(positions.len() as u64 >= server.http.seen());
    let sent = read(data.path(), &["--types", "MessageSent", "--format", "ndjson"]).await;
    assert_eq!(sent.len(), 3);
    let from = sent[0]["position"].as_str().unwrap();
    let rest = read(data.path(), &["--types", "MessageSent", "--from", from, "--limit", "1"]).await;
    assert_eq!(rest, [sent[1].clone()]);
    let verified = shell(data.path(), &["log", "verify"], "", &[]).await;
    assert_eq!(verified.status.code(), Some(0), "{}", String::from_utf8_lossy(&verified.stderr));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_byte_is_found_and_located() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    for number in 0..20 {
        alice.sends(&number.to_string(), &room).await;
    }
    server.stop().await;
    let stream = format!("timeline-{}", room.id);
    let segment =
        std::fs::read_dir(data.path().join("log")).unwrap().flatten().map(|entry| entry.path()).find(|path| {
            std::fs::read(path).is_ok_and(|bytes| bytes.windows(stream.len()).any(|window| window == stream.as_bytes()))
        });
    let segment = segment.expect("a segment with the stream's name");
    let mut bytes = std::fs::read(&segment).unwrap();
    let at = bytes.windows(stream.len()).position(|window| window == stream.as_bytes()).unwrap();
    bytes[at + 9] ^= 1;
    std::fs::write(&segment, bytes).unwrap();
    let verified = shell(data.path(), &["log", "verify"], "", &[]).await;
    let told = format!("{}{}", String::from_utf8_lossy(&verified.stdout), String::from_utf8_lossy(&verified.stderr));
    assert_eq!(verified.status.code(), Some(1), "{told}");
    assert!(told.contains("position"), "{told}");
}
