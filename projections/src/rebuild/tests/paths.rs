//! However a projection is built, its rows are the same: live, by replay, in batches of 1, 7 and 1,000, resumed after
//! crashes, in the other database, rebuilt.
//!
//! `SEED=…` puts a history back; `HISTORIES=1000 cargo test --release -p projections paths` is the longer run.

use super::rig::{quick, rebuild};
use crate::projection::ALL;
use crate::testing::script::everything;
use crate::testing::world::{Place, Source, World};
use domain::recorded::Recorded;
use std::sync::Arc;

/// Histories of a usual run.
const HISTORIES: u64 = 3;
/// Commands of one history.
const STEPS: usize = 250;

#[expect(clippy::disallowed_methods, reason = "a random run is put back and prolonged by the environment")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_macros, reason = "the test harness catches what is printed")]
async fn six_ways_to_build_give_the_same_rows() {
    let seeds: Vec<u64> = match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("HISTORIES").unwrap_or(HISTORIES)).map(|n| 0x5eed_0000 + n).collect(),
    };
    for seed in seeds {
        println!("SEED={seed}");
        let events = everything(STEPS, seed).events;
        let expected = by_replay(&Place::sqlite(), &events, 1_000).await;
        let check = |way: &str, hashes: Vec<[u8; 32]>| {
            for ((name, expected), found) in ALL.iter().zip(&expected).zip(&hashes) {
                assert_eq!(expected, found, "{name} differs when built {way}: SEED={seed}");
            }
        };
        check("live", live(&Place::sqlite(), &events, seed).await);
        for batch in [1, 7] {
            check(&format!("in batches of {batch}"), by_replay(&Place::sqlite(), &events, batch).await);
        }
        check("with crashes", with_crashes(&Place::sqlite(), &events, seed).await);
        check("again", again(&Place::sqlite(), &events).await);
        if let Some(place) = Place::postgres(&format!("paths_{seed:x}")) {
            check("in the other database", with_crashes(&place, &events, seed).await);
            check("again in the other database", again(&place, &events).await);
            place.clean().await;
        }
    }
}

async fn by_replay(place: &Place, events: &[Arc<Recorded>], batch: usize) -> Vec<[u8; 32]> {
    let world = World::caught_up(place, events, batch).await;
    let hashes = world.hashes().await;
    world.stop().await;
    hashes
}

/// A few events at a time, as commands come.
async fn live(place: &Place, events: &[Arc<Recorded>], seed: u64) -> Vec<[u8; 32]> {
    let world = World::run(place, &[], 100).await;
    let mut end = 0;
    while end < events.len() {
        end = (end + 1 + (seed as usize + end * 7) % 23).min(events.len());
        world.source.set(&events[..end]);
        if end % 3 == 0 {
            world.catches_up().await;
        }
    }
    world.catches_up().await;
    let hashes = world.hashes().await;
    world.stop().await;
    hashes
}

/// Broken off wherever it is, several times, and gone on with; each projection may have come to another position.
async fn with_crashes(place: &Place, events: &[Arc<Recorded>], seed: u64) -> Vec<[u8; 32]> {
    for cut in 1..5_usize {
        let end = events.len() * cut / 5;
        let world = World::run(place, &events[..end], 1 + (seed as usize + cut) % 9).await;
        let name = ALL[(seed as usize + cut) % ALL.len()];
        let some_way = domain::ids::Position((end as u64).saturating_sub(13));
        world.projections.wait(name, some_way, std::time::Duration::from_secs(30)).await.unwrap();
        world.crashes().await;
    }
    by_replay(place, events, 64).await
}

/// Rebuilt over what is there, half of the events coming meanwhile.
async fn again(place: &Place, events: &[Arc<Recorded>]) -> Vec<[u8; 32]> {
    let world = World::run_with(place, Source::new(&events[..events.len() / 2], 40), quick()).await;
    if world.projections.progress(ALL[0]).is_some_and(|at| at.0 <= events.len() as u64 / 2) {
        world.catches_up().await;
    }
    let more = async {
        tokio::task::yield_now().await;
        world.source.set(events);
    };
    let (rebuilt, ()) = tokio::join!(rebuild(&world, &ALL, false), more);
    assert!(rebuilt.unwrap().iter().all(|one| one.is_switched));
    world.catches_up().await;
    let hashes = world.hashes().await;
    world.stop().await;
    hashes
}
