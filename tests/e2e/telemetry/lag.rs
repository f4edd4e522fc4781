//! How far projections are behind is told also while they apply nothing. Metrics are those of a process, so each server is
//! one of its own.

use api::telemetry::catalogue::PREFIX;
use tests::databases::Databases;
use tests::held_projection::HeldProjection;
use tests::person::Person;
use tests::process::{Server, shell};
use tests::wait::eventually;

/// What a server tells of a projection.
#[derive(Debug, PartialEq)]
struct Told {
    events: f64,
    seconds: f64,
    stopped: f64,
}

const AT_THE_HEAD: Told = Told { events: 0.0, seconds: 0.0, stopped: 0.0 };

async fn told(server: &Server, projection: &str) -> Told {
    let text = server.http.ask("GET", "/metrics").send().await.text();
    let value = |metric: &str| {
        let before = format!("{PREFIX}_{metric}{{projection=\"{projection}\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&before));
        value.map_or(f64::NAN, |value| value.parse().expect("a number"))
    };
    Told {
        events: value("projection_lag_events"),
        seconds: value("projection_lag_seconds"),
        stopped: value("projection_stopped"),
    }
}

async fn tells(server: &Server, projection: &str, what: &str, is_so: impl Fn(&Told) -> bool) -> Told {
    let ask = || async { Some(told(server, projection).await).filter(|told| is_so(told)) };
    eventually(&format!("{projection}: {what}"), ask).await
}

async fn is_told_while_held(server: &Server, hold: impl Future<Output = HeldProjection>) {
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    alice.sends("before", &room).await;
    tells(server, "messaging", "nothing is left to apply", |told| *told == AT_THE_HEAD).await;
    let held = hold.await;
    for n in 0..3 {
        alice.sends(&format!("message {n}"), &room).await;
    }
    let first = tells(server, "messaging", "it is behind", |told| told.events >= 3.0 && told.seconds > 0.0).await;
    alice.sends("another one", &room).await;
    let grows = |told: &Told| told.events > first.events && told.seconds >= first.seconds + 2.0;
    let second = tells(server, "messaging", "it grows", grows).await;
    assert_eq!(second.stopped, 0.0, "it tries again");
    // One reader gives the same batches to all, so others may wait for this one; they have not stopped.
    assert_eq!(told(server, "accounts").await.stopped, 0.0);
    held.ends().await;
    tells(server, "messaging", "nothing is left to apply", |told| *told == AT_THE_HEAD).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_locked_shows_as_lag_that_grows() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    is_told_while_held(&server, HeldProjection::in_file(data.path(), "messaging")).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_is_locked_shows_as_lag_that_grows() {
    let Some(databases) = Databases::make().await else {
        println!("skipped: PostgreSQL and NATS are started by tests/run");
        return;
    };
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &databases.environment()).await;
    is_told_while_held(&server, HeldProjection::in_schema(&databases, "messaging")).await;
    server.stop().await;
    databases.drop_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_search_index_that_stopped_is_told_until_it_is_built_again() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path(), &[]).await;
    let (alice, bob) = (Person::registers(&server.http, "alice").await, Person::registers(&server.http, "bob").await);
    let room = alice.meets(&bob).await;
    alice.sends("before", &room).await;
    tells(&server, "search", "nothing is left to apply", |told| *told == AT_THE_HEAD).await;
    // Moved away rather than removed: what still writes there would be in the way.
    std::fs::rename(data.path().join("search"), data.path().join("search-before")).unwrap();
    alice.sends("the one that it cannot store", &room).await;
    let first = tells(&server, "search", "it stopped", |told| told.stopped == 1.0 && told.seconds > 0.0).await;
    alice.sends("another one", &room).await;
    let grows = |told: &Told| told.events > first.events && told.seconds >= first.seconds + 2.0;
    let second = tells(&server, "search", "it grows", grows).await;
    assert_eq!(second.stopped, 1.0, "nothing starts it again by itself");
    std::fs::create_dir(data.path().join("search")).unwrap();
    let rebuilt = shell(data.path(), &["rebuild", "search"], "", &[]).await;
    assert!(rebuilt.status.success(), "{}", String::from_utf8_lossy(&rebuilt.stderr));
    tells(&server, "search", "nothing is left to apply", |told| *told == AT_THE_HEAD).await;
    server.stop().await;
}
