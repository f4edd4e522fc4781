//! What an operator wants to know of NATS before trusting it.

use crate::nats::connection::{Nats, NatsFault};
use std::time::{Duration, Instant};

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Bytes that JetStream may keep on disk for this account; none without a limit.
    pub storage_max_bytes: Option<u64>,
    /// How long one question and its answer took.
    pub round_trip: Duration,
}

impl Nats {
    /// Asks JetStream for its limits. Changes nothing.
    ///
    /// # Errors
    /// When NATS does not answer in time, or has no JetStream.
    pub async fn examine(&self) -> Result<Examined, NatsFault> {
        let began = Instant::now();
        let account = self.jetstream.query_account().await.map_err(NatsFault::failed("tell JetStream's limits"))?;
        let storage_max_bytes =
            account.limits.max_storage.and_then(|limit| u64::try_from(limit).ok()).filter(|limit| *limit > 0);
        Ok(Examined { storage_max_bytes, round_trip: began.elapsed() })
    }
}
