//! Makes a failing history short: steps are left out as long as it still fails.

use super::act::Step;
use super::history::{Fault, Script, play};
use super::system::System;
use std::time::{Duration, Instant};

/// How long that may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Characters of a fault's message that tell of what kind it is.
const KIND_CHARACTERS: usize = 24;

/// A shorter history that fails, too, if there is one.
pub fn shrink(system: &mut System, seed: u64, fault: Box<Fault>) -> Box<Fault> {
    let since = Instant::now();
    let mut best = fault;
    let kind = kind(&best.message);
    let mut size = best.steps.len() / 2;
    while size > 0 && since.elapsed() < LIMIT {
        let mut from = 0;
        while from < best.steps.len() && since.elapsed() < LIMIT {
            let steps: Vec<Step> = without(&best.steps, from, size);
            match play(system, seed, Script::Given(steps)) {
                Err(shorter) if self::kind(&shorter.message) == kind => best = shorter,
                Err(_) | Ok(_) => from += size,
            }
        }
        size /= 2;
    }
    best
}

/// What a fault is about: its beginning, without numbers.
pub fn kind(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).take(KIND_CHARACTERS).collect()
}

fn without(steps: &[Step], from: usize, size: usize) -> Vec<Step> {
    steps
        .iter()
        .enumerate()
        .filter(|(index, _)| !(from..from + size).contains(index))
        .map(|(_, step)| step.clone())
        .collect()
}
