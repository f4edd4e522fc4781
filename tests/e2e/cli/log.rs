//! `tidings log …`: reads beside a running server, which has the lock.

use serde_json::Value;
use std::path::Path;
use tempfile::TempDir;
use tests::feed::number;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::room::Room;

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

/// A data directory in which twenty messages were sent, and the room.
pub(super) async fn data_of_twenty_messages() -> (TempDir, Room) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    for number in 0..20 {
        alice.sends(&number.to_string(), &room).await;
    }
    server.stop().await;
    (data, room)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_byte_is_found_and_located() {
    let (data, room) = data_of_twenty_messages().await;
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

/// Copies a folder with everything in it.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_on_a_copy_serves_the_same_conversations() {
    let (data, moved) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(data.path(), &[]).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    for text in ["one", "two", "three"] {
        alice.sends(text, &room).await;
    }
    let before = alice.timeline(&room).await;
    // A server may run meanwhile.
    let to = moved.path().join("log");
    let copied = shell(data.path(), &["log", "copy", "--to", to.to_str().unwrap(), "--json"], "", &[]).await;
    assert_eq!(copied.status.code(), Some(0), "{}", String::from_utf8_lossy(&copied.stderr));
    let copied: Value = serde_json::from_slice(&copied.stdout).unwrap();
    assert!(number(&copied["head"]) >= server.http.seen());
    server.stop().await;
    let sent = ["--types", "MessageSent,MemberJoined,AccountRegistered"];
    assert_eq!(read(moved.path(), &sent).await, read(data.path(), &sent).await);
    let refused = shell(data.path(), &["log", "copy", "--to", to.to_str().unwrap()], "", &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not empty"), "{refused:?}");
    // A directory that holds nothing but the one of a log.
    let refused = shell(data.path(), &["log", "copy", "--to", moved.path().to_str().unwrap()], "", &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it holds log"), "{refused:?}");
    assert_eq!(std::fs::read_dir(moved.path()).unwrap().count(), 1, "nothing was put there");
    let elsewhere = shell(data.path(), &["log", "copy", "--to", "kurrentdb://localhost"], "", &[]).await;
    assert_eq!(elsewhere.status.code(), Some(1));

    // Without its keys the copy is not opened, and nothing is made in their place.
    let refused = Server::try_start(moved.path(), &[]).await.map(drop);
    assert!(refused.is_err(), "a copy was opened without its keys");
    for folder in ["keys", "secrets"] {
        copy_folder(&data.path().join(folder), &moved.path().join(folder));
    }
    let server = Server::start(moved.path(), &[]).await;
    let alice = Person { http: server.http.clone(), ..alice };
    let alice = alice.signs_in().await;
    assert_eq!(alice.timeline(&room).await, before);
    let said = alice.sends("four", &room).await;
    assert_eq!(said.seq, 4);
    assert_eq!(alice.timeline(&room).await.len(), 4);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn space_is_given_back_when_no_server_has_the_log() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    Person::registers(&server.http, "alice").await;
    let refused = shell(data.path(), &["log", "reclaim"], "", &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("in use"), "{refused:?}");
    server.stop().await;
    let done = shell(data.path(), &["log", "reclaim", "--json"], "", &[]).await;
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let done: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((&done["segments"], &done["bytes"]), (&Value::from(0), &Value::from(0)), "nothing of it is old enough");
}
