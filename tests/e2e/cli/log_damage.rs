//! What `tidings log verify`, `tidings doctor` and a start say of a log whose files are damaged, torn or gone.

use super::log::data_of_twenty_messages;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::embedded::copy::copy;
use store::embedded::options::Options;
use tempfile::TempDir;
use tests::clock::MovableClock;
use tests::process::{Server, shell};

/// A data directory whose log has several segments.
async fn data_of_many_segments() -> TempDir {
    let (data, _) = data_of_twenty_messages().await;
    let (log, whole) = (data.path().join("log"), data.path().join("whole"));
    fs::rename(&log, &whole).unwrap();
    let options = Options { segment_bytes: 2 << 10, ..Options::new(Arc::new(MovableClock::default()), [0; 16]) };
    copy(&whole, &options, &log, &options, |_, _| {}).unwrap();
    assert!(segments(data.path()).len() > 3);
    data
}

fn segments(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data.join("log")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|it| it == "seg")).collect();
    segments.sort();
    segments
}

fn first_position(segment: &Path) -> u64 {
    segment.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

/// The exit code, what was said on both ways out, and what it says as JSON.
async fn verified(data: &Path) -> (Option<i32>, String, Value) {
    let output = shell(data, &["log", "verify"], "", &[]).await;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let as_json = shell(data, &["log", "verify", "--json"], "", &[]).await;
    assert_eq!(as_json.status.code(), output.status.code());
    (output.status.code(), said, serde_json::from_slice(&as_json.stdout).unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loss_of_the_newest_segment_is_said_and_nothing_is_written_in_its_place() {
    let data = data_of_many_segments().await;
    let newest = segments(data.path()).pop().unwrap();
    let lost = format!("damaged at position {}:", first_position(&newest));
    fs::remove_file(&newest).unwrap();
    let (code, said, result) = verified(data.path()).await;
    assert!(code == Some(1) && said.contains(&lost) && !said.contains("nothing is damaged"), "{code:?}: {said}");
    assert_eq!(result["ok"], json!(false));
    let doctor = shell(data.path(), &["doctor"], "", &[]).await;
    assert_eq!(doctor.status.code(), Some(1));
    let examined = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(examined.contains(&lost), "{examined}");
    let refused = Server::try_start(data.path(), &[]).await.err().expect("it must not start");
    assert!(refused.contains(&lost), "{refused}");
    assert!(!newest.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_damaged_or_missing_index_is_named_and_a_start_says_which_it_built_again() {
    let data = data_of_many_segments().await;
    let segments = segments(data.path());
    let firsts: Vec<u64> = segments.iter().map(|path| first_position(path)).collect();
    let index = |number: usize| segments[number].with_extension("idx");
    let change = |number: usize, at: usize| {
        let mut bytes = fs::read(index(number)).unwrap();
        bytes[at] ^= 1;
        fs::write(index(number), bytes).unwrap();
    };
    let words = |number: usize, how: &str| format!("begins at position {} is {how}", firsts[number]);

    fs::remove_file(index(0)).unwrap();
    let (code, said, result) = verified(data.path()).await;
    assert!(code == Some(0) && said.contains(&words(0, "missing")), "{code:?}: {said}");
    assert!(said.contains("nothing is damaged"), "{said}");
    assert_eq!((&result["ok"], &result["missing_indexes"]), (&json!(true), &json!([firsts[0].to_string()])));

    // In the header, and in a section that only a check reads.
    change(1, 20);
    change(2, 300);
    let (code, said, result) = verified(data.path()).await;
    assert_eq!(code, Some(1), "{said}");
    for damaged in [words(0, "missing"), words(1, "damaged"), words(2, "damaged")] {
        assert!(said.contains(&damaged), "{damaged}: {said}");
    }
    assert!(!said.contains("nothing is damaged"), "{said}");
    assert_eq!(result["damaged_indexes"], json!([firsts[1].to_string(), firsts[2].to_string()]));

    fs::remove_file(index(2)).unwrap();
    let ended = Server::start(data.path(), &[]).await.stop().await;
    let warnings: Vec<Value> = ended.log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let built: Vec<&Value> = warnings
        .iter()
        .filter(|line| line["level"] == "WARN" && line.to_string().contains("it was built again"))
        .collect();
    assert_eq!(built.len(), 3, "{}", ended.log);
    for (line, first) in built.iter().zip(&firsts) {
        assert!(line.to_string().contains(&format!("\"segment\":{first}")), "{line}");
    }
    let (code, said, _) = verified(data.path()).await;
    assert!(code == Some(0) && !said.contains("index"), "{code:?}: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_of_a_torn_batch_are_said_and_a_missing_header_is_damage() {
    let data = data_of_many_segments().await;
    let (_, _, result) = verified(data.path()).await;
    let head = result["head"].as_str().unwrap().to_owned();
    let newest = segments(data.path()).pop().unwrap();
    let mut bytes = fs::read(&newest).unwrap();
    bytes.extend([7; 300]);
    // Less than the fixed part of a record came, then nothing.
    let cut = bytes.len() - 300 + 24;
    bytes[cut..].fill(0);
    fs::write(&newest, bytes).unwrap();
    let (code, said, result) = verified(data.path()).await;
    assert!(code == Some(0) && said.contains(&format!("24 bytes after position {head} ")), "{code:?}: {said}");
    assert_eq!((&result["torn_bytes"], &result["torn_after"]), (&json!(24), &json!(head)));

    fs::remove_file(data.path().join("log/log.header")).unwrap();
    let (code, said, _) = verified(data.path()).await;
    assert_eq!(code, Some(1));
    assert!(said.contains("header is damaged") && !said.contains("there is no log"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_not_copied_into_its_own_directory() {
    let data = tempfile::tempdir().unwrap();
    Server::start(data.path(), &[]).await.stop().await;
    let log = data.path().join("log");
    std::os::unix::fs::symlink(&log, data.path().join("also")).unwrap();
    for to in ["log", "log/sub", "log/not/there/yet", "also/sub", "missing/../log/sub"] {
        let to = data.path().join(to);
        let refused = shell(data.path(), &["log", "copy", "--to", to.to_str().unwrap()], "", &[]).await;
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{to:?}: {said}");
        assert!(said.contains("within the directory of the log"), "{to:?}: {said}");
    }
    assert!(!log.join("sub").exists() && !log.join("not").exists(), "nothing is made");
    let beside = data.path().join("log-copy");
    let copied = shell(data.path(), &["log", "copy", "--to", beside.to_str().unwrap()], "", &[]).await;
    assert_eq!(copied.status.code(), Some(0), "{}", String::from_utf8_lossy(&copied.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_elsewhere_is_in_a_directory_for_its_owner_alone() {
    let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = elsewhere.path().join("logs/tidings");
    let environment = [("TIDINGS_LOG__DIRECTORY", log.to_str().unwrap())];
    Server::start(data.path(), &environment).await.stop().await;
    let mode = fs::metadata(&log).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700, "{mode:o}");
}
