//! What `tidings doctor` says of read models, of projections, and of disks. That it works beside a running server and sees to
//! the rest, `rebuild.rs` shows.

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use tests::both_modes;
use tests::process::{QUICK, Server, shell};
use tests::remains::look_through;
use tests::wait::eventually;
use uuid::Uuid;

type Environment = Vec<(&'static str, String)>;

async fn on_shell(data: &Path, environment: &Environment, arguments: &[&str]) -> (Option<i32>, String) {
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let output = shell(data, arguments, "", &environment).await;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), said)
}

/// The findings of one check.
async fn found(data: &Path, environment: &Environment, check: &str) -> Vec<Value> {
    let (_, said) = on_shell(data, environment, &["--json", "doctor"]).await;
    let line = said.lines().next().unwrap_or_default();
    let report: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{said}"));
    let findings = report["findings"].as_array().expect("findings").clone();
    findings.into_iter().filter(|finding| finding["check"] == check).collect()
}

/// The one that is bad, and says all of these.
fn bad<'a>(findings: &'a [Value], words: &[&str]) -> &'a Value {
    let fits = |finding: &&Value| {
        finding["verdict"] == "bad"
            && words.iter().all(|word| finding["found"].as_str().unwrap_or_default().contains(word))
    };
    findings.iter().find(fits).unwrap_or_else(|| panic!("nothing bad with {words:?}: {findings:#?}"))
}

fn is_good(findings: &[Value]) -> bool {
    !findings.is_empty() && findings.iter().all(|finding| finding["verdict"] == "good")
}

/// The database of the read models in the production mode.
fn postgres(environment: &Environment) -> Option<&str> {
    environment.iter().find(|(name, _)| *name == "TIDINGS_DATABASE__URL").map(|(_, value)| value.as_str())
}

/// The file of a projection's first copy.
fn file(data: &Path, name: &str) -> PathBuf {
    let of_it = |path: &PathBuf| {
        let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        file.starts_with(&format!("{name}_v")) && file.ends_with(".db")
    };
    let entries =
        fs::read_dir(data.join("projections")).expect("read models").map(|entry| entry.expect("a file").path());
    entries.into_iter().find(of_it).unwrap_or_else(|| panic!("no file of {name}"))
}

/// The schema of a projection's first copy.
async fn schema(connection: &mut PgConnection, name: &str) -> String {
    let sql = "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname, $1)";
    sqlx::query_scalar(sql).bind(format!("{name}_v")).fetch_one(connection).await.expect("a schema")
}

/// Does something to a projection's tables behind its back.
async fn tampers(data: &Path, environment: &Environment, name: &str, sql: &str) {
    match postgres(environment) {
        Some(url) => {
            let mut connection = PgConnection::connect(url).await.expect("PostgreSQL");
            let path = format!("SET search_path = \"{}\"", schema(&mut connection, name).await);
            connection.execute(AssertSqlSafe(path)).await.expect("a schema");
            connection.execute(AssertSqlSafe(sql.to_owned())).await.expect("done");
            connection.close().await.expect("closed");
        }
        None => {
            let address = format!("sqlite:{}", file(data, name).display());
            let mut connection = SqliteConnection::connect(&address).await.expect("SQLite");
            connection.execute(AssertSqlSafe(sql.to_owned())).await.expect("done");
            connection.close().await.expect("closed");
        }
    }
}

/// Every file of the read models, with what is in it; without what readers share with each other.
fn contents(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries =
        fs::read_dir(data.join("projections")).expect("read models").map(|entry| entry.expect("a file").path());
    let kept = entries.filter(|path| !path.display().to_string().ends_with("-shm"));
    kept.map(|path| (path.clone(), fs::read(path).expect("its bytes"))).collect()
}

/// Every file of the search index, with what is in it.
fn files_of_search(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    look_through(&data.join("search"), SystemTime::UNIX_EPOCH, &mut |path, bytes| {
        files.insert(path.to_owned(), bytes.to_owned());
    });
    files
}

both_modes! {
    async fn a_damaged_read_model_is_named_and_built_again_after_what_is_advised(world: &mut World) {
        let (alice, mut bob, room) = world.two_in_a_room().await;
        alice.sends("one", &room).await;
        let environment = world.environment();
        assert!(is_good(&found(world.directory(), &environment, "read models").await));
        let engine = if postgres(&environment).is_some() { "PostgreSQL 1" } else { "SQLite 3." };
        let database = found(world.directory(), &environment, "database").await;
        assert!(database[0]["found"].as_str().is_some_and(|found| found.starts_with(engine)), "{database:?}");
        world
            .stops_for_a_while(async |data: &Path| {
                assert!(is_good(&found(data, &environment, "read models").await), "it rests");
                let is_postgres = postgres(&environment).is_some();
                if is_postgres {
                    tampers(data, &environment, "messaging", "DROP TABLE checkpoint").await;
                } else {
                    // The second page: the root of a table.
                    let mut bytes = fs::read(file(data, "messaging")).unwrap();
                    bytes[4096..8192].fill(0xff);
                    fs::write(file(data, "messaging"), bytes).unwrap();
                    let mut bytes = fs::read(file(data, "stories")).unwrap();
                    bytes[..16].copy_from_slice(b"no database here");
                    fs::write(file(data, "stories"), bytes).unwrap();
                }
                let before = if is_postgres { BTreeMap::new() } else { contents(data) };
                let findings = found(data, &environment, "read models").await;
                let damaged = bad(&findings, &["messaging is damaged at"]);
                assert!(damaged["advice"].as_str().unwrap().contains("builds it again from the log"), "{damaged}");
                if !is_postgres {
                    bad(&findings, &["stories is damaged at", &file(data, "stories").display().to_string()]);
                    assert!(contents(data) == before, "nothing is changed");
                }
                let (code, _) = on_shell(data, &environment, &["doctor"]).await;
                assert_eq!(code, Some(1));
                // As advised.
                if let Some(url) = postgres(&environment) {
                    let mut connection = PgConnection::connect(url).await.unwrap();
                    let drop = format!("DROP SCHEMA \"{}\" CASCADE", schema(&mut connection, "messaging").await);
                    connection.execute(AssertSqlSafe(drop)).await.unwrap();
                    connection.close().await.unwrap();
                } else {
                    for name in ["messaging", "stories"] {
                        fs::rename(file(data, name), data.join(name)).unwrap();
                    }
                }
                let findings = found(data, &environment, "read models").await;
                assert!(is_good(&findings) && findings[0]["found"].as_str().unwrap().contains("none yet of messaging"));
            })
            .await;
        bob.http = world.http.clone();
        assert_eq!(bob.timeline(&room).await.len(), 1);
        assert!(is_good(&found(world.directory(), &environment, "read models").await));
        assert!(is_good(&found(world.directory(), &environment, "projections").await));
    }

    async fn a_damaged_search_index_is_named_and_built_again_as_advised(world: &mut World) {
        let (alice, mut bob, room) = world.two_in_a_room().await;
        alice.sends("in the garden", &room).await;
        let find = "/v1/search/messages?q=garden";
        assert_eq!(bob.get(find).await.ok(200)["total"], 1);
        let environment = world.environment();
        assert!(is_good(&found(world.directory(), &environment, "search index").await));
        world
            .stops_for_a_while(async |data: &Path| {
                let before = files_of_search(data);
                assert!(is_good(&found(data, &environment, "search index").await), "it rests");
                assert!(is_good(&found(data, &environment, "projections").await));
                assert!(files_of_search(data) == before, "nothing is changed");
                let stored = before.keys().find(|path| path.extension().is_some_and(|of| of == "store"));
                let stored = stored.expect("a file of stored fields");
                let mut bytes = before[stored].clone();
                bytes[0] ^= 1;
                fs::write(stored, bytes).unwrap();
                let findings = found(data, &environment, "search index").await;
                let damaged = bad(&findings, &["damaged", stored.file_name().unwrap().to_str().unwrap()]);
                assert!(damaged["advice"].as_str().unwrap().contains("tidings rebuild search"), "{damaged}");
                assert_eq!(on_shell(data, &environment, &["doctor"]).await.0, Some(1));
                fs::remove_file(stored).unwrap();
                bad(&found(data, &environment, "search index").await, &["damaged"]);
                fs::write(stored, [0; 100]).unwrap();
                bad(&found(data, &environment, "search index").await, &["damaged"]);
                let (code, said) = on_shell(data, &environment, &["rebuild", "search"]).await;
                assert_eq!(code, Some(0), "{said}");
                assert!(is_good(&found(data, &environment, "search index").await));
            })
            .await;
        bob.http = world.http.clone();
        assert_eq!(bob.get(find).await.ok(200)["total"], 1);
    }

    async fn a_projection_that_stopped_is_named_with_its_reason_until_it_is_rebuilt(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        let environment = world.environment();
        assert!(is_good(&found(world.directory(), &environment, "projections").await));
        tampers(world.directory(), &environment, "message_counts", "ALTER TABLE checkpoint RENAME TO gone").await;
        alice.sends("one", &room).await;
        let findings = eventually("the projection has stopped", || async {
            let findings = found(world.directory(), &environment, "projections").await;
            findings.iter().any(|finding| finding["verdict"] == "bad").then_some(findings)
        })
        .await;
        assert_eq!(findings.len(), 1, "{findings:#?}");
        let stopped = bad(&findings, &["message_counts", "has stopped", "checkpoint"]);
        assert!(stopped["advice"].as_str().unwrap().contains("tidings rebuild message_counts"), "{stopped}");
        let (code, said) = on_shell(world.directory(), &environment, &["rebuild", "message_counts"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(is_good(&found(world.directory(), &environment, "projections").await));
        assert_eq!(bob.timeline(&room).await.len(), 1);
    }

    async fn a_checkpoint_of_another_log_is_found_before_the_start_that_stops_there(world: &mut World) {
        world.two_in_a_room().await;
        let environment = world.environment();
        let other = Uuid::from_u128(7);
        world
            .stops_for_a_while(async |data: &Path| {
                assert!(is_good(&found(data, &environment, "projections").await));
                let value = match postgres(&environment) {
                    Some(_) => format!("'{other}'"),
                    None => format!("x'{}'", other.simple()),
                };
                tampers(data, &environment, "stories", &format!("UPDATE checkpoint SET log_id = {value}")).await;
                tampers(data, &environment, "feed_index", "UPDATE checkpoint SET position = position + 1000").await;
                let findings = found(data, &environment, "projections").await;
                assert_eq!(findings.len(), 2, "{findings:#?}");
                bad(&findings, &["stories is of the log", &other.to_string()]);
                bad(&findings, &["feed_index knows of position"]);
            })
            .await;
        let findings = found(world.directory(), &environment, "projections").await;
        assert_eq!(findings.len(), 2, "{findings:#?}");
        bad(&findings, &["stories", "has stopped", &other.to_string()]);
        bad(&findings, &["feed_index", "has stopped"]);
        let (code, said) = on_shell(world.directory(), &environment, &["rebuild", "stories", "feed_index"]).await;
        assert_eq!(code, Some(0), "{said}");
        assert!(is_good(&found(world.directory(), &environment, "projections").await));
    }
}

#[tokio::test]
async fn a_doctor_changes_no_read_model_after_a_crash() {
    let data = tempfile::tempdir().unwrap();
    Server::start(data.path(), QUICK).await.kill().await;
    let before = contents(data.path());
    assert!(before.keys().any(|path| path.display().to_string().ends_with("-wal")), "{:?}", before.keys());
    assert!(is_good(&found(data.path(), &Vec::new(), "read models").await));
    assert!(contents(data.path()) == before);
    Server::start(data.path(), QUICK).await.stop().await;
    let before = contents(data.path());
    assert!(is_good(&found(data.path(), &Vec::new(), "read models").await));
    assert!(!data.path().join("keys/keys.db-wal").exists(), "nor is anything left beside the keys");
    assert!(contents(data.path()) == before && !before.keys().any(|path| path.display().to_string().ends_with("-wal")));
}

#[tokio::test]
async fn the_disk_that_the_log_is_on_is_measured() {
    let data = tempfile::tempdir().unwrap();
    let memory = Path::new("/dev/shm");
    let elsewhere = if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() };
    let log = elsewhere.path().join("not/there/yet");
    let environment = vec![("TIDINGS_LOG__DIRECTORY", log.display().to_string())];
    let measured = found(data.path(), &environment, "disk sync").await;
    let place = elsewhere.path().display().to_string();
    assert!(measured[0]["found"].as_str().unwrap().contains(&place), "{measured:#?}");
    let spaces = found(data.path(), &environment, "disk space").await;
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    let expected = if device(data.path()) == device(elsewhere.path()) { 1 } else { 2 };
    assert_eq!(spaces.len(), expected, "{spaces:#?}");
    assert!(spaces[0]["found"].as_str().unwrap().contains(&place), "{spaces:#?}");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing is left there");
    let beside = found(data.path(), &Vec::new(), "disk space").await;
    assert_eq!(beside.len(), 1, "{beside:#?}");
}
