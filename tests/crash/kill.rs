//! The run: load, kill, restart, repeat; then the verdict.

use super::load::Load;
use super::verdict;
use crate::crash::ledger::Ledger;
use api::config::Config;
use api::config::limits::Switch;
use rand::RngExt;
use std::env;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tests::chance::seeded;
use tests::clock::MovableClock;
use tests::databases::Databases;
use tests::feed::Feed;
use tests::http::Http;
use tests::person::Person;
use tests::process::Server;
use tests::room::Room;
use tests::wait::{eventually, let_run};

/// Kills in one run, unless `CYCLES` says how many.
const CYCLES: u64 = 30;
/// The same in production mode, where `tests/run` has less time.
const CYCLES_IN_PRODUCTION: u64 = 8;

fn cycles(default: u64) -> u64 {
    env::var("CYCLES").ok().map_or(default, |text| text.parse().expect("CYCLES is a number"))
}

struct Cast {
    people: Vec<Person>,
    rooms: Vec<Room>,
}

impl Cast {
    async fn gathers(http: &Http) -> Self {
        let mut people = Vec::new();
        for name in ["alice", "bob", "carol", "dave"] {
            people.push(Person::registers(http, name).await);
        }
        let mut rooms = Vec::new();
        for name in ["Garden", "Shed", "Attic"] {
            rooms.push(people[0].founds(name, &[&people[1], &people[2], &people[3]]).await);
        }
        Self { people, rooms }
    }

    /// Somebody who reads, with a new session: tokens outlive a restart, but not a long run.
    async fn reader(&self, http: &Http) -> Person {
        let reader = Person { http: http.clone(), ..self.people[1].clone() };
        eventually("the reader signs in", || reader.tries_to_sign_in()).await
    }
}

/// Kills a server `cycles` times under load and judges.
///
/// # Errors
/// With the first promise that was broken.
async fn run(name: &str, cycles: u64, data: &Path, environment: &[(&str, &str)]) -> Result<Ledger, String> {
    let (_, mut chance) = seeded(name);
    // People gather at an honest server; a fault that is built in comes with the first restart.
    let honest: Vec<_> = environment.iter().copied().filter(|(name, _)| *name != "TIDINGS_MUTANT").collect();
    let mut server = Server::start(data, &honest).await;
    let cast = Cast::gathers(&server.http).await;
    if honest.len() < environment.len() {
        server.stop().await;
        server = Server::start(data, environment).await;
    }
    let load = Load::start(&cast.people, &cast.rooms);
    let mut watcher = Watcher { seen: Vec::new(), position: "0".to_owned() };
    let mut restarts = Vec::new();
    for _ in 0..cycles {
        load.serve(Some(server.http.clone()));
        let_run(Duration::from_millis(chance.random_range(20..500))).await;
        server.kill().await;
        load.serve(None);
        let restarting = Instant::now();
        server = Server::try_start(data, environment).await.map_err(|log| format!("it does not start again: {log}"))?;
        restarts.push(restarting.elapsed());
        let reader = cast.reader(&server.http).await;
        watcher.catches_up(&reader).await?;
    }
    load.serve(Some(server.http.clone()));
    let ledger = load.finish().await?;
    let reader = cast.reader(&server.http).await;
    watcher.catches_up(&reader).await?;
    verdict::timelines(&ledger, &reader, &cast.rooms).await?;
    watcher.has_seen_everything(&reader, &cast.rooms).await?;
    let ended = server.stop().await;
    if ended.code != Some(0) {
        return Err(format!("it does not stop well: {:?} {}", ended.code, ended.log));
    }
    let events = verdict::log(&ledger, data, environment).await?;
    let (promises, replays) = (ledger.promises().len(), ledger.replays);
    println!(
        "{name}: {cycles} kills, {promises} messages acknowledged, {replays} of them to a repeat, {events} events"
    );
    restarts.sort();
    let at = |share: f64| restarts[((restarts.len() - 1) as f64 * share) as usize].as_millis();
    println!("{name}: from start to ready {} ms at p50, {} at p99, {} at most", at(0.5), at(0.99), at(1.0));
    Ok(ledger)
}

/// Somebody whose feed is cut with every kill, and who resumes where it was cut.
struct Watcher {
    seen: Vec<(String, u64)>,
    position: String,
}

impl Watcher {
    async fn catches_up(&mut self, reader: &Person) -> Result<(), String> {
        let mut feed = Feed::resumes(reader, &self.position).await;
        for frame in feed.catches_up().await {
            if frame["type"] == "message.sent" {
                let room = frame["data"]["conversation_id"].as_str().unwrap_or_default().to_owned();
                self.seen.push((room, frame["data"]["seq"].as_u64().unwrap_or_default()));
            }
        }
        self.position.clone_from(&feed.position);
        feed.closes().await;
        Ok(())
    }

    /// Every message once and in order.
    async fn has_seen_everything(&self, reader: &Person, rooms: &[Room]) -> Result<(), String> {
        for room in rooms {
            let seqs: Vec<u64> = self.seen.iter().filter(|(id, _)| *id == room.id).map(|(_, seq)| *seq).collect();
            let expected: Vec<u64> = (1..=reader.timeline(room).await.len() as u64).collect();
            if seqs != expected {
                let wrong = seqs.iter().zip(&expected).position(|(seen, due)| seen != due);
                return Err(format!(
                    "the feed of {}: {} of {}, wrong at {wrong:?}",
                    room.id,
                    seqs.len(),
                    expected.len()
                ));
            }
        }
        Ok(())
    }
}

/// The state hashes of all projections at the log's head.
pub async fn state_hashes(config: Config) -> Vec<(String, String)> {
    let running = api::app::start(config, Arc::new(MovableClock::default())).await.expect("Tidings starts");
    let app = running.app().clone();
    let mut hashes = Vec::new();
    for name in projections::projection::ALL {
        eventually(&format!("{name} has caught up"), || async {
            (app.projections.progress(name) >= Some(app.log.head())).then_some(())
        })
        .await;
        let hash = app.projections.state_hash(name).await.expect("a hash");
        hashes.push((name.to_string(), hash.iter().map(|byte| format!("{byte:02x}")).collect()));
    }
    running.stop().await.expect("a clean stop");
    hashes
}

/// A configuration for looking at what a run left.
pub fn config(data: &Path) -> Config {
    let mut config = Config::for_directory(data);
    config.limits.rates = Switch::Off;
    config
}

/// Whether the read models are what a replay of the log makes of it.
///
/// # Errors
/// With both, when they are not.
pub async fn compare_with_replay(data: &Path) -> Result<(), String> {
    let live = state_hashes(config(data)).await;
    let fresh = tempfile::tempdir().expect("a directory");
    let mut replayed = config(data);
    replayed.database.url = Some(format!("sqlite:{}", fresh.path().display()));
    let replayed = state_hashes(replayed).await;
    if live == replayed { Ok(()) } else { Err(format!("read models {live:?}, a replay {replayed:?}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_thirty_kills_under_load_every_promise_is_kept() {
    let data = tempfile::tempdir().expect("a directory");
    let ledger = run("kill", cycles(CYCLES), data.path(), &[]).await.unwrap_or_else(|broken| panic!("{broken}"));
    assert!(ledger.promises().len() > 100, "there was load");
    compare_with_replay(data.path()).await.unwrap_or_else(|different| panic!("{different}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kills_in_production_mode_every_promise_is_kept() {
    let Some(databases) = Databases::make().await else {
        println!("skipped: PostgreSQL and NATS are started by tests/run");
        return;
    };
    let data = tempfile::tempdir().expect("a directory");
    let environment = databases.environment();
    let cycles = cycles(CYCLES_IN_PRODUCTION);
    run("kill in production", cycles, data.path(), &environment).await.unwrap_or_else(|broken| panic!("{broken}"));

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

/// Runs that a built-in fault has to show itself in, at most: whether a kill meets the moment is chance.
const ATTEMPTS: u32 = 6;

/// Runs a server with a fault that is built in (`store` and `projections` have them behind the feature `mutants`).
async fn is_found_out(mutant: &'static str, cycles: u64) {
    for _ in 0..ATTEMPTS {
        let attempt = tokio::spawn(async move {
            let data = tempfile::tempdir().expect("a directory");
            run(mutant, cycles, data.path(), &[("TIDINGS_MUTANT", mutant)]).await?;
            compare_with_replay(data.path()).await
        });
        // A promise that is broken, or an answer that no honest server gives.
        if let Some(found) = attempt.await.map_or_else(|panic| Some(panic.to_string()), Result::err) {
            println!("found out: {found}");
            return;
        }
    }
    panic!("the mutant broke no promise in {ATTEMPTS} runs");
}

/// The harness itself: a server that acknowledges before anything is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_acknowledges_too_early_is_found_out() {
    is_found_out("early_acknowledgement", 6).await;
}

/// The harness itself: a server whose read models commit their place apart from their rows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_commits_checkpoints_apart_is_found_out() {
    is_found_out("checkpoint_outside_transaction", 20).await;
}
