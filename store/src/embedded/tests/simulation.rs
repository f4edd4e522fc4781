//! Random histories on a simulated disk. See docs/reliability.md, "The log on a simulated disk".
//!
//! `SEEDS=1000000` plays so many; `SEED=…` plays one again.

pub mod crew;
pub mod history;
pub mod model;

use history::{Outcome, play};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// Histories that `tests/run` plays.
const SEEDS: u64 = 20_000;
const THREADS: usize = 2;
/// After so many wrong ones no further history is played.
const WRONG_MAX: usize = 10;

#[expect(clippy::disallowed_methods, reason = "a test's seeds are told by the environment")]
fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

fn tell(what: &str) {
    writeln!(std::io::stderr(), "{what}").unwrap();
}

fn played(seed: u64, told: bool) -> Result<Outcome, String> {
    let result = catch_unwind(AssertUnwindSafe(|| play(seed, told, |_| {})));
    result.unwrap_or_else(|_| Err("the engine panicked".into()))
}

#[test]
fn every_history_keeps_what_was_acknowledged_and_serves_nothing_else() {
    if let Some(seed) = number("SEED") {
        if let Err(story) = played(seed, true) {
            panic!("SEED={seed}: {story}");
        }
        return;
    }
    let seeds = number("SEEDS").unwrap_or(SEEDS);
    let (next, all) = (AtomicU64::new(0), Mutex::new((Outcome::default(), BTreeMap::new())));
    let play_some = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds || all.lock().1.len() == WRONG_MAX {
                return;
            }
            let outcome = played(seed, false);
            let (sum, wrong) = &mut *all.lock();
            match outcome {
                Ok(outcome) => sum.add(outcome),
                Err(what) => drop(wrong.insert(seed, what)),
            }
        }
    };
    // Each history has its thread for itself.
    std::thread::scope(|scope| (0..THREADS).for_each(|_| drop(scope.spawn(play_some))));
    let (sum, wrong) = all.into_inner();
    let told: Vec<_> = wrong.iter().map(|(seed, what)| format!("SEED={seed}: {what}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
    tell(&format!("{seeds} seeds: {sum:?}"));
    assert!(sum.troubles > seeds && sum.events > seeds, "too little happened: {sum:?}");
    assert!(sum.stubs > seeds / 10 && sum.copies > seeds / 10, "too little happened: {sum:?}");
}

#[cfg(feature = "mutants")]
#[test]
fn every_built_in_fault_is_found() {
    use crate::embedded::options::{Mutant, set_on_this_thread};
    let mutants = [
        Mutant::NoSync,
        Mutant::EarlyAck,
        Mutant::NoDirectorySync,
        Mutant::IgnoredChecksum,
        Mutant::KeptTornUnit,
        Mutant::IndexWithoutChecksum,
    ];
    for mutant in mutants {
        set_on_this_thread(Some(mutant));
        let found = (0..SEEDS).find_map(|seed| {
            let played = catch_unwind(|| play(seed, false, |options| options.mutant = Some(mutant)));
            let wrong = played.unwrap_or_else(|_| Err("the engine panicked".into())).err()?;
            Some((seed, wrong))
        });
        set_on_this_thread(None);
        let (seed, wrong) = found.unwrap_or_else(|| panic!("{mutant:?} is not found"));
        tell(&format!("{mutant:?} is found with SEED={seed}: {wrong}"));
    }
}

#[test]
fn a_seed_gives_the_same_history_again() {
    for seed in 0..200 {
        assert_eq!(played(seed, false), played(seed, false), "SEED={seed}");
    }
}
