//! What must stay true when something breaks: kills, a transport that dies, adapters that must keep a port's contract.
//!
//! Faults of the disk (a sync that fails, a torn write, no space) and the mutants `no sync`, `early acknowledgement`,
//! `checkpoint outside the transaction` and `relay without gap check` are killed beside the code that they change:
//! `store/src/embedded/tests`, `store/src/nats/tests.rs`, `projections/src`. They need the feature `mutants`, which
//! this package switches on. Here the whole program is killed.

#[path = "../contracts/mod.rs"]
mod contracts;
#[path = "../crash/mod.rs"]
mod crash;
mod in_turn;
mod nats;
#[path = "../simulation/mod.rs"]
mod simulation;
mod targets;
