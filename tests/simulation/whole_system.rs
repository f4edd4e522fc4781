//! Many histories.

use super::history::{Counts, Script, play};
use super::shrink::{kind, shrink};
use super::system::System;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::BTreeMap;
use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use tests::chance::seeded;

/// Histories of a run when `HISTORIES` does not say.
const HISTORIES: u64 = 520;
/// Systems that run at the same time, each with one history at a time: while one waits for the disk, others go on.
const SYSTEMS: usize = 6;
/// Histories that one system sees before another takes its place.
const HISTORIES_PER_SYSTEM: u64 = 40;
/// Kinds of faults after which a run ends.
const FAULTS_MAX: usize = 6;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

/// The seed of a history of a run: one history can be played again alone.
fn seed_of(seed: u64, history: u64) -> u64 {
    StdRng::seed_from_u64(seed ^ history.wrapping_mul(0x9E37_79B9_7F4A_7C15)).random()
}

/// What went wrong so far, by kind, and how often.
type Faults = Mutex<BTreeMap<String, u64>>;

#[test]
fn every_history_is_answered_as_the_model_says() {
    let (seed, _) = seeded("whole-system histories");
    let only = number("HISTORY");
    let count = number("HISTORIES").unwrap_or(HISTORIES);
    let (next, faults) = (AtomicU64::new(only.unwrap_or(0)), Faults::default());
    let end = only.map_or(count, |only| only + 1);
    let total = Mutex::new(Counts::default());
    let since = Instant::now();
    let has_failed = || faults.lock().expect("faults").len() >= FAULTS_MAX;
    let goes_on = || next.load(Ordering::SeqCst) < end && !has_failed();
    std::thread::scope(|scope| {
        for _ in 0..if only.is_some() { 1 } else { SYSTEMS } {
            scope.spawn(|| {
                while goes_on() {
                    let mut system = System::start();
                    for _ in 0..HISTORIES_PER_SYSTEM {
                        let history = next.fetch_add(1, Ordering::SeqCst);
                        if history >= end || has_failed() {
                            break;
                        }
                        let counts = one(&mut system, seed, history, &faults);
                        total.lock().expect("counts").add(counts);
                    }
                    system.stop();
                }
            });
        }
    });
    let (total, faults) = (*total.lock().expect("counts"), faults.lock().expect("faults"));
    println!("{total:?} in {:.1} s", since.elapsed().as_secs_f64());
    assert!(faults.is_empty(), "histories are not answered as the model says, see above: {faults:#?}");
}

/// One history. The first fault of a kind is told with what led to it, shortened.
fn one(system: &mut System, seed: u64, history: u64, faults: &Faults) -> Counts {
    let history_seed = seed_of(seed, history);
    let fault = match play(system, history_seed, Script::Chosen) {
        Ok(counts) => return counts,
        Err(fault) => fault,
    };
    let count = {
        let mut faults = faults.lock().expect("faults");
        let count = faults.entry(kind(&fault.message)).or_default();
        *count += 1;
        *count
    };
    if count == 1 {
        let (steps, message) = (fault.steps.len(), fault.message.clone());
        let short = shrink(system, history_seed, fault);
        let mut told = format!("history {history} (again: SEED={seed} HISTORY={history}): {message}\n");
        told += &format!("shortened from {steps} to {} steps:\n  {}\n", short.steps.len(), short.story.join("\n  "));
        println!("{told}  ✗ {}\n", short.message);
    }
    Counts::default()
}
