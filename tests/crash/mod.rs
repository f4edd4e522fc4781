//! SIGKILL at random moments under load, again and again.
//!
//! Clients send with idempotency keys and repeat after every restart whatever was not answered. In the end nothing
//! that was acknowledged is lost, nothing is there twice, positions and sequence numbers have no gap, every feed saw
//! every message once and in order, and the read models are what a replay of the log makes of it.

pub mod kill;
pub mod ledger;
pub mod load;
mod rebuild;
pub mod verdict;
