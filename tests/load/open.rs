//! `open`: a log with 1,000,000 events; ready in at most 300 ms and 100 MiB, and a server on it serving within 3 s.
//!
//! A fresh process opens the log, so that nothing of making it counts. The events are read marks, which every projection
//! knows and whose streams keep their newest event only.

use crate::Args;
use crate::measure::print;
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use commands::log::Expected;
use domain::conversation::event::ReadMoved;
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, EventId};
use domain::stream::StreamName;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;
use store::embedded::append::{RawAppended, RawUnit, RawWrite};
use store::embedded::disk::RealDisk;
use store::embedded::engine::Log;
use store::embedded::header;
use store::embedded::options::Options;
use store::embedded::record::RawEvent;
use uuid::Uuid;

const EVENTS: u64 = 1_000_000;
const STREAMS: u64 = 100_000;
const UNITS_AT_ONCE: u64 = 5_000;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = scratch.path().join("data");
    // The server makes the keys, and a log that fits them.
    Server::tidings(&args.binaries, &data).await?.stop().await?;
    let dir = data.join("log");
    make(&dir).await?;
    for attempt in 1..=3 {
        let opened = Command::new(std::env::current_exe()?).args(["open-only", "--scratch"]).arg(&dir).output()?;
        ensure!(opened.status.success(), "{}", String::from_utf8_lossy(&opened.stderr));
        let mut opened: Value = serde_json::from_slice(&opened.stdout)?;
        opened["attempt"] = json!(attempt);
        print(opened);
    }
    let server = Server::tidings(&args.binaries, &data).await?;
    print(json!({"scenario": "open", "phase": "server", "serving_ms": server.ready_after.as_millis() as u64,
                 "resident_mib": server.resident_kib()? / 1024}));
    server.stop().await
}

/// In a process of its own: opens the log in the scratch directory.
pub fn only(args: &Args) -> Result<()> {
    let before = resident_kib()?;
    let start = Instant::now();
    let log = open(&args.scratch)?;
    let ready_ms = start.elapsed().as_secs_f64() * 1e3;
    let resident_mib = (resident_kib()? - before) / 1024;
    print(json!({"scenario": "open", "phase": "log", "events": log.head(), "ready_ms": ready_ms.round(),
                 "resident_mib": resident_mib}));
    Ok(())
}

fn open(dir: &Path) -> Result<Log> {
    let header = header::read(&RealDisk, dir)?.context("there is no log")?;
    Ok(Log::open(dir, Options::new(Arc::new(api::clock::SystemClock), header.key_check))?)
}

fn resident_kib() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
    Ok(line.split_whitespace().nth(1).context("VmRSS")?.parse()?)
}

async fn make(dir: &Path) -> Result<()> {
    let log = open(dir)?;
    for begin in (0..EVENTS).step_by(UNITS_AT_ONCE as usize) {
        let units = (begin..EVENTS.min(begin + UNITS_AT_ONCE)).map(unit).collect::<Result<Vec<_>>>()?;
        let answers = log.append(units).await?;
        ensure!(answers.iter().all(|answer| matches!(answer, RawAppended::Committed(_))), "not committed");
    }
    log.close().await;
    Ok(())
}

fn unit(n: u64) -> Result<RawUnit> {
    let reader = u128::from(n % STREAMS) + 1;
    let stream =
        StreamName::read(AccountId::new(Uuid::from_u128(reader)), ConversationId::new(Uuid::from_u128(reader)));
    let event = RawEvent {
        id: EventId::new(Uuid::new_v4()),
        event_type: Cow::Borrowed(EventType::ReadMoved.as_str()),
        schema_version: store::codec::schema_version(EventType::ReadMoved),
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::new_v4(),
        causation_id: None,
        fingerprint: None,
        payload: store::codec::encode(&Event::ReadMoved(ReadMoved { seq: n / STREAMS + 1 }))?.into(),
    };
    Ok(RawUnit { writes: vec![RawWrite { stream, expected: Expected::Any, events: vec![event] }], checks: Vec::new() })
}
