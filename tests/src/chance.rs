//! Chance that can be put back: every random run prints its seed, and `SEED=…` repeats it.

use rand::SeedableRng;
use rand::rngs::StdRng;
use std::env;

/// A generator of its own for the test called `name`. Its seed is printed and taken from `SEED` when that is set.
pub fn seeded(name: &str) -> (u64, StdRng) {
    let given = env::var("SEED").ok().map(|text| text.parse().expect("SEED is a number"));
    let seed = given.unwrap_or_else(|| uuid::Uuid::new_v4().as_u64_pair().0);
    println!("{name}: SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}
