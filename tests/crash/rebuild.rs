//! SIGKILL while read models are built again: while they are filled, and in the commits that announce and switch copies.

use super::kill::{compare_with_replay, config, state_hashes};
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use tests::chance::seeded;
use tests::databases::Databases;
use tests::http::Http;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::room::Room;
use tests::wait::{eventually, let_run};

/// Kills on SQLite, every other one in a commit of the catalogue.
const CYCLES: usize = 12;
/// Kills on PostgreSQL.
const CYCLES_ON_POSTGRES: usize = 4;
const MESSAGES: usize = 400;
/// Commits of the catalogue in one rebuild of everything: it announces each copy and switches to each.
const COMMITS: usize = 2 * projections::projection::ALL.len();
/// About how long a rebuild of so little takes.
const REBUILD: Duration = Duration::from_millis(600);

async fn furnish(http: &Http) -> (Person, Room) {
    let alice = Person::registers(http, "alice").await;
    let bob = Person::registers(http, "bob").await;
    let carol = Person::registers(http, "carol").await;
    let room = alice.founds("Garden", &[&bob, &carol]).await;
    for n in 0..MESSAGES {
        alice.sends(&format!("message {n}"), &room).await;
    }
    (bob, room)
}

/// Kills the server during a rebuild of everything, at a moment that `moment` waits for, and starts it again.
async fn killed(server: Server, data: &Path, environment: &[(&str, &str)], moment: impl Future<Output = ()>) -> Server {
    let rebuilds = async { shell(data, &["rebuild", "--all"], "", environment).await };
    let kills = async {
        moment.await;
        server.kill().await;
    };
    tokio::join!(rebuilds, kills);
    Server::start(data, environment).await
}

/// The whole of the live copies is served, whatever the kill met.
async fn is_whole(server: &Server, bob: &Person, room: &Room) {
    let ready = || async { (server.http.ask("GET", "/readyz").send().await.status == 200).then_some(()) };
    eventually("it is ready", ready).await;
    let bob = Person { http: server.http.clone(), ..bob.clone() };
    let bob = eventually("bob signs in", || bob.tries_to_sign_in()).await;
    assert_eq!(bob.timeline(room).await.len(), MESSAGES, "the live copy is whole");
}

/// The journal of the catalogue stands there while a commit is being made: the `nth` of them.
async fn in_commit(data: &Path, nth: usize) {
    let journal = data.join("projections/copies.db-journal");
    let looking = tokio::task::spawn_blocking(move || {
        let (began, mut seen, mut is_there) = (std::time::Instant::now(), 0, false);
        while began.elapsed() < REBUILD * 10 {
            let was_there = std::mem::replace(&mut is_there, journal.exists());
            if is_there && !was_there {
                seen += 1;
                if seen == nth {
                    return;
                }
            }
            std::thread::yield_now();
        }
    });
    looking.await.expect("it looks");
}

/// The files of read models by their names, without what SQLite keeps beside.
fn files(data: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(data.join("projections")).expect("the read models");
    let names = entries.map(|entry| entry.expect("a file").file_name().into_string().expect("a name"));
    names.filter(|name| name.ends_with(".db")).collect()
}

fn some_time(chance: &mut StdRng) -> Duration {
    REBUILD.mul_f64(chance.random_range(0.0..1.0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_is_killed_leaves_one_whole_copy_and_nothing_else() {
    let (_, mut chance) = seeded("kill in a rebuild");
    let data = tempfile::tempdir().expect("a directory");
    let mut server = Server::start(data.path(), &[]).await;
    let (bob, room) = furnish(&server.http).await;
    let mut labels = BTreeSet::new();
    for cycle in 0..CYCLES {
        server = if cycle % 2 == 0 {
            let nth = chance.random_range(1..=COMMITS);
            killed(server, data.path(), &[], in_commit(data.path(), nth)).await
        } else {
            killed(server, data.path(), &[], let_run(some_time(&mut chance))).await
        };
        is_whole(&server, &bob, &room).await;
        let swept = || async {
            let files = files(data.path());
            (files.len() == projections::projection::ALL.len() + 1).then_some(files)
        };
        labels.extend(eventually("what was left over is removed", swept).await);
    }
    // A kill that met nothing proves nothing: some came after a switch.
    assert!(labels.len() > projections::projection::ALL.len() + 1, "no copy was ever switched to: {labels:?}");
    let rebuilt = shell(data.path(), &["rebuild", "--all"], "", &[]).await;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    server.stop().await;
    compare_with_replay(data.path()).await.unwrap_or_else(|different| panic!("{different}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_a_rebuild_that_is_killed_leaves_whole_copies() {
    let Some(databases) = Databases::make().await else {
        println!("skipped: PostgreSQL and NATS are started by tests/run");
        return;
    };
    let (_, mut chance) = seeded("kill in a rebuild on PostgreSQL");
    let data = tempfile::tempdir().expect("a directory");
    let environment = databases.environment();
    let mut server = Server::start(data.path(), &environment).await;
    let (bob, room) = furnish(&server.http).await;
    for _ in 0..CYCLES_ON_POSTGRES {
        server = killed(server, data.path(), &environment, let_run(some_time(&mut chance))).await;
        is_whole(&server, &bob, &room).await;
    }
    let swept = || async { (databases.schemas().await.len() == projections::projection::ALL.len() + 1).then_some(()) };
    eventually("what was left over is removed", swept).await;
    server.stop().await;

    let mut live = config(data.path());
    live.database.url = Some(databases.read_models.clone());
    live.keys.url = Some(databases.keys.clone());
    live.transport.url.clone_from(&databases.nats);
    let mut replayed = live.clone();
    let live = state_hashes(live).await;
    replayed.database.schema_prefix = "again_".to_owned();
    assert_eq!(state_hashes(replayed).await, live, "the read models are what a replay makes of the log");
    databases.drop_all().await;
}
