//! `start`: from an empty folder to ready; at most 1 s and 50 MiB resident.

use crate::Args;
use crate::measure::print;
use crate::server::Server;
use anyhow::Result;
use serde_json::json;

pub async fn run(args: &Args) -> Result<()> {
    for attempt in 1..=3 {
        let scratch = tempfile::tempdir_in(&args.scratch)?;
        let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
        print(json!({"scenario": "start", "attempt": attempt, "ready_ms": server.ready_after.as_millis() as u64,
                     "resident_mib": server.resident_kib()? / 1024}));
        server.stop().await?;
    }
    Ok(())
}
