//! Exports that are not as they should be: a clear line for each fault, and the rest imported.

use api::cli::import::report::Report;
use api::cli::import::run::run;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;
use tests::world::World;
use zip::write::SimpleFileOptions;

fn users() -> Value {
    json!([{"id": "U1", "team_id": "T", "name": "ada"}, {"id": "U2", "team_id": "T", "name": "admin"}])
}

fn channels() -> Value {
    json!([{"id": "C1", "name": "general", "created": 1_500_000_000, "creator": "U1", "members": ["U1", "U2"]}])
}

fn message(user: &str, text: &str, ts: &str) -> Value {
    json!({"type": "message", "user": user, "text": text, "ts": ts})
}

fn zip(directory: &TempDir, files: &[(&str, String)]) -> PathBuf {
    let path = directory.path().join("export.zip");
    let mut writer = zip::ZipWriter::new(File::create(&path).expect("a file"));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        writer.write_all(content.as_bytes()).expect("written");
    }
    writer.finish().expect("a zip");
    path
}

async fn import(files: &[(&str, String)]) -> Result<Report, String> {
    let directory = TempDir::new().expect("a directory");
    import_file(zip(&directory, files)).await
}

async fn import_file(path: PathBuf) -> Result<Report, String> {
    let world = World::embedded().await;
    let report = run(world.app(), &path, None).await.map_err(|fault| format!("{fault:#}"));
    world.done().await;
    report
}

fn lines(report: &Report) -> Vec<String> {
    report.notices.iter().map(|notice| format!("{}: {}", notice.place, notice.what)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_zip_is_told_and_nothing_is_imported() {
    let directory = TempDir::new().unwrap();
    let path = zip(&directory, &[("users.json", users().to_string()), ("channels.json", channels().to_string())]);
    let bytes = std::fs::read(&path).unwrap();
    for broken in [&bytes[..bytes.len() / 2], b"no zip at all", b""] {
        std::fs::write(&path, broken).unwrap();
        let why = import_file(path.clone()).await.unwrap_err();
        assert!(why.contains("export.zip is no zip archive, or a broken one"), "{why}");
    }
    let missing = import_file(directory.path().join("no-such.zip")).await.unwrap_err();
    assert!(missing.contains("no-such.zip cannot be opened"), "{missing}");
    let other = import(&[("readme.txt", "hello".to_owned())]).await.unwrap_err();
    assert!(other.contains("nothing of a Slack export"), "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_inside_is_told_and_the_rest_imported() {
    let directory = TempDir::new().unwrap();
    let day = json!([message("U1", "a text that is long enough to be found again", "1500000001.000000")]).to_string();
    let path = directory.path().join("export.zip");
    let mut writer = zip::ZipWriter::new(File::create(&path).unwrap());
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in [
        ("users.json", users().to_string()),
        ("channels.json", channels().to_string()),
        ("general/1.json", day),
        ("general/2.json", json!([message("U2", "fine", "1500000002.000000")]).to_string()),
    ] {
        writer.start_file(name, stored).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(11).position(|window| window == b"long enough").unwrap();
    bytes[at] = b'L';
    std::fs::write(&path, bytes).unwrap();
    let report = import_file(path).await.unwrap();
    assert_eq!(report.counts.messages.added, 1);
    assert!(lines(&report)[0].starts_with("general/1.json: cannot be read"), "{:?}", lines(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_users_people_are_made_from_their_ids() {
    let day = json!([message("U7", "who am I?", "1500000001.000000")]).to_string();
    let report = import(&[("channels.json", channels().to_string()), ("general/1.json", day)]).await.unwrap();
    assert_eq!((report.counts.accounts.added, report.counts.messages.added), (3, 1));
    assert_eq!(lines(&report)[0], "users.json: is missing");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_bad_entry_has_a_line_and_the_good_ones_are_imported() {
    let day = json!([
        message("U9", "nobody knows me", "1500000001.000000"),
        {"type": "message", "user": "U1", "ts": "1500000002.000000"},
        "not an object",
        {"type": "message", "user": "U1", "text": "no time"},
        {"type": "message", "user": "U1", "text": "good", "ts": "1500000003.000000",
            "reactions": [{"name": "no_such_emoji_here", "users": ["U2"], "count": 1}]},
    ]);
    let files = [
        ("users.json", users().to_string()),
        ("channels.json", channels().to_string()),
        ("general/1.json", day.to_string()),
        ("general/2.json", "this is no JSON".to_owned()),
        ("general/3.json", json!([message("U2", "after all that", "1500000009.000000")]).to_string()),
        ("strangers/1.json", "[]".to_owned()),
    ];
    let report = import(&files).await.unwrap();
    assert_eq!((report.counts.messages.added, report.counts.reactions.added), (2, 1));
    let lines = lines(&report);
    for expected in [
        "general/1.json: item 3: ",
        "general/1.json: item 4: ",
        "general/1.json: 1500000002.000000: a message without a text; it is left out",
        "general/2.json: is no JSON (line 1, column 2); it is left out",
        "strangers/: belongs to no channel",
        "reactions: no_such_emoji_here is no known emoji: 1 reactions are kept as :no_such_emoji_here:",
        "users.json: U9 is not there: 1 things",
    ] {
        assert!(lines.iter().any(|line| line.starts_with(expected)), "no line `{expected}…` in {lines:#?}");
    }
    assert_eq!(lines.len(), 7, "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserved_or_taken_name_gets_a_number() {
    let users = json!([
        {"id": "U1", "team_id": "T", "name": "Admin"}, {"id": "U2", "team_id": "T", "name": "ada"},
        {"id": "U3", "team_id": "T", "name": "ADA"}, {"id": "U4", "team_id": "T", "name": "a.b"},
    ]);
    let directory = TempDir::new().unwrap();
    let channel = json!([{"id": "C1", "name": "general", "created": 1, "creator": "U1", "members": []}]);
    let path = zip(&directory, &[("users.json", users.to_string()), ("channels.json", channel.to_string())]);
    let world = World::embedded().await;
    run(world.app(), &path, None).await.unwrap();
    let seeker = world.registers("seeker").await;
    for name in ["admin_1", "ada", "ada_1", "a_b"] {
        let found = seeker.get(&format!("/v1/accounts?username={name}")).await.ok(200);
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{name}");
    }
    world.done().await;
}
