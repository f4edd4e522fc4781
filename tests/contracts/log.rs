//! Every adapter of the log keeps the port's contract: one suite, run over each.

use commands::log::contract::{CASES, StandingClock, Subject};
use commands::log::memory::MemoryLog;
use domain::ids::LogId;
use std::path::Path;
use std::sync::Arc;
use store::embedded::log::EmbeddedLog;
use store::embedded::options::Options;
use store::seal::keys::sqlite::SqliteKeys;
use store::seal::vault::{Beside, Vault};
use store::seal::wrapping::KeyEncryptionKey;
use uuid::Uuid;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_in_memory_twin_keeps_the_contract() {
    for (sentence, case) in CASES {
        println!("{sentence}");
        let clock = Arc::new(StandingClock::default());
        let log = MemoryLog::new(LogId::new(Uuid::new_v4()), clock.clone());
        case(Subject { log, clock }).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_embedded_log_keeps_the_contract() {
    for (sentence, case) in CASES {
        println!("{sentence}");
        let data = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(StandingClock::default());
        let log = embedded(data.path(), &clock).await;
        case(Subject { log: log.clone(), clock }).await;
        log.close().await;
    }
}

/// The same with segments so small that nearly every unit begins a new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_embedded_log_keeps_the_contract_over_many_segments() {
    for (sentence, case) in CASES {
        println!("{sentence}");
        let data = tempfile::tempdir().expect("a directory");
        let clock = Arc::new(StandingClock::default());
        let log = with_segments_of(4 << 10, data.path(), &clock).await;
        case(Subject { log: log.clone(), clock }).await;
        log.close().await;
    }
}

async fn embedded(data: &Path, clock: &Arc<StandingClock>) -> Arc<EmbeddedLog> {
    with_segments_of(1 << 20, data, clock).await
}

async fn with_segments_of(bytes: u64, data: &Path, clock: &Arc<StandingClock>) -> Arc<EmbeddedLog> {
    let keys = Arc::new(SqliteKeys::open(&data.join("keys.db")).await.expect("a keys store"));
    let wrapping = KeyEncryptionKey::new([7; 32]);
    let vault = Vault::open(keys, wrapping, clock.clone(), Beside::NewLog).await.expect("a vault");
    let options = Options { segment_bytes: bytes, ..Options::new(clock.clone(), vault.check_value().0) };
    Arc::new(EmbeddedLog::open(&data.join("log"), options, vault).expect("a log"))
}
