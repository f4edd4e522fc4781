//! PostgreSQL and NATS are killed in turn under load: what was acknowledged is there, and the read models are what a replay
//! makes of the log. `TURNS=20` kills more often.

use crate::crash::kill::{config, state_hashes};
use crate::crash::load::Load;
use crate::crash::verdict;
use rand::RngExt;
use std::env;
use std::time::Duration;
use tests::chance::seeded;
use tests::person::Person;
use tests::postgres::Postgres;
use tests::process::{Nats, Server};
use tests::wait::{eventually, let_run};

/// Kills in one run, unless `TURNS` says how many.
const TURNS: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_postgres_and_nats_in_turn_under_load_changes_nothing() {
    let (Some(postgres), Some(nats)) = (Postgres::start().await, Nats::start().await) else { return };
    let turns = env::var("TURNS").ok().map_or(TURNS, |text| text.parse().expect("TURNS is a number"));
    run("in turn", postgres, nats, turns, None).await;
}

/// The harness itself: projections that believe NATS when it has lost events.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projections_that_do_not_look_for_gaps_are_found_out() {
    let (Some(postgres), Some(nats)) = (Postgres::start().await, Nats::start().await) else { return };
    let mutant = Some("relay_without_gap_check");
    let found = tokio::spawn(run("relay_without_gap_check", postgres, nats, 8, mutant)).await;
    println!("found out: {}", found.expect_err("the mutant breaks a promise"));
}

async fn run(name: &str, mut postgres: Postgres, mut nats: Nats, turns: u64, mutant: Option<&str>) {
    let (_, mut chance) = seeded(name);
    postgres.creates("reads").await;
    postgres.creates("keys").await;
    let (reads, keys, nats_url) = (postgres.url("reads"), postgres.url("keys"), nats.url());
    let mut environment =
        vec![("TIDINGS_DATABASE__URL", &*reads), ("TIDINGS_KEYS__URL", &*keys), ("TIDINGS_TRANSPORT__URL", &*nats_url)];
    environment.extend(mutant.map(|mutant| ("TIDINGS_MUTANT", mutant)));
    let data = tempfile::tempdir().expect("a directory");
    let server = Server::start(data.path(), &environment).await;
    let mut people = Vec::new();
    for name in ["alice", "bob", "carol"] {
        people.push(Person::registers(&server.http, name).await);
    }
    let mut rooms = Vec::new();
    for name in ["Garden", "Shed"] {
        rooms.push(people[0].founds(name, &[&people[1], &people[2]]).await);
    }
    let load = Load::start(&people, &rooms);
    load.serve(Some(server.http.clone()));
    for turn in 0..turns {
        let_run(Duration::from_millis(chance.random_range(100..600))).await;
        if turn % 2 == 0 {
            postgres.kill().await;
            let_run(Duration::from_millis(chance.random_range(0..800))).await;
            postgres.starts_again().await;
        } else {
            nats.kill().await;
            let_run(Duration::from_millis(chance.random_range(0..800))).await;
            nats.starts_again(mutant.is_some() || chance.random_bool(0.5)).await;
        }
    }
    let_run(Duration::from_millis(300)).await;
    let ledger = load.finish().await.unwrap_or_else(|broken| panic!("{broken}"));
    assert!(ledger.promises().len() > 50, "there was load: {}", ledger.promises().len());
    let reader = Person { http: server.http.clone(), ..people[1].clone() };
    let reader = eventually("the reader signs in", || reader.tries_to_sign_in()).await;
    eventually("the projections have caught up", || async {
        let ready = server.http.ask("GET", "/readyz").send().await;
        let head = ready.json()["log"]["position"].clone();
        let all = ready.json()["projections"].as_array().cloned().unwrap_or_default();
        (ready.status == 200 && all.iter().all(|one| one["position"] == head)).then_some(())
    })
    .await;
    verdict::timelines(&ledger, &reader, &rooms).await.unwrap_or_else(|broken| panic!("{broken}"));
    let ended = server.stop().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    let events = verdict::log(&ledger, data.path(), &environment).await.unwrap_or_else(|broken| panic!("{broken}"));
    println!("{name}: {turns} kills, {} messages acknowledged, {events} events", ledger.promises().len());

    let mut live = config(data.path());
    live.database.url = Some(reads.clone());
    live.keys.url = Some(keys.clone());
    live.transport.url.clone_from(&nats_url);
    let mut replayed = live.clone();
    replayed.database.schema_prefix = "again_".to_owned();
    assert_eq!(state_hashes(replayed).await, state_hashes(live).await, "the read models are what a replay makes");
}
