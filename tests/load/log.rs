//! `log`: the embedded log alone, beside the floor's raw group commit. Appends as `floor log` does: N tasks, one append
//! outstanding each, 256 bytes; but to 10,000 streams with an exact expectation and a check of another stream each.

use crate::Args;
use crate::measure::{Latencies, print};
use crate::send::ratio;
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use commands::log::{Check, Expected};
use domain::ids::{ConversationId, EventId, Position};
use domain::source::Direction;
use domain::stream::StreamName;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::embedded::append::{RawAppended, RawUnit, RawWrite};
use store::embedded::engine::Log;
use store::embedded::options::Options;
use store::embedded::record::RawEvent;
use uuid::Uuid;

const STREAMS: usize = 10_000;
const PAYLOAD_BYTES: usize = 256;

pub fn run(args: &Args) -> Result<()> {
    std::thread::scope(|scope| scope.spawn(|| scenarios(args)).join().expect("the scenarios do not panic"))
}

fn scenarios(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let streams: Arc<Vec<_>> = Arc::new((0..STREAMS as u128).map(stream).collect());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let dir = scratch.path().join("log");
    for outstanding in [1, 64, 1000] {
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        let floor = floor(args, &scratch.path().join("floor.log"), outstanding)?;
        let (per_s, latencies, cpu_us) = runtime.block_on(append(&dir, outstanding, args.seconds, &streams))?;
        let floor_per_s = floor["records_per_s"].as_f64().context("the floor printed no figure")?;
        print(json!({"scenario": "log", "phase": "append", "outstanding": outstanding, "per_s": per_s.round(),
                     "floor_per_s": floor_per_s, "ratio": ratio(per_s, floor_per_s), "latency": latencies.json(),
                     "floor_p50_us": floor["p50_us"], "floor_p99_us": floor["p99_us"], "cpu_us": cpu_us}));
    }
    read(&dir, &streams)
}

fn stream(n: u128) -> StreamName {
    StreamName::timeline(ConversationId::new(Uuid::from_u128(n << 64 | n)))
}

fn open(dir: &Path) -> Result<Log> {
    Ok(Log::open(dir, Options::new(Arc::new(api::clock::SystemClock), [0; 16]))?)
}

fn floor(args: &Args, file: &Path, outstanding: usize) -> Result<Value> {
    let output = Command::new(&args.floor)
        .args(["log", "--bytes", "256", "--tasks", &outstanding.to_string(), "--seconds", &args.seconds.to_string()])
        .arg("--file")
        .arg(file)
        .output()
        .context("the floor's binary: build it first")?;
    Ok(serde_json::from_slice(&output.stdout)?)
}

async fn append(
    dir: &Path,
    outstanding: usize,
    seconds: f64,
    streams: &Arc<Vec<StreamName>>,
) -> Result<(f64, Latencies, f64)> {
    let log = Arc::new(open(dir)?);
    let cpu = cpu_seconds()?;
    let (start, end) = (Instant::now(), Duration::from_secs_f64(seconds));
    let workers: Vec<_> = (0..outstanding)
        .map(|task| tokio::spawn(appender(log.clone(), streams.clone(), task, outstanding, start, end)))
        .collect();
    let mut latencies = Latencies::new();
    for worker in workers {
        latencies.add(&worker.await??);
    }
    let per_s = latencies.count() as f64 / start.elapsed().as_secs_f64();
    let cpu_us = ((cpu_seconds()? - cpu) * 1e7 / latencies.count() as f64).round() / 10.0;
    log.close().await;
    Ok((per_s, latencies, cpu_us))
}

/// Appends to its own share of the streams, so that it knows their revisions.
async fn appender(
    log: Arc<Log>,
    streams: Arc<Vec<StreamName>>,
    task: usize,
    tasks: usize,
    start: Instant,
    end: Duration,
) -> Result<Latencies> {
    let payload: Bytes = (0..PAYLOAD_BYTES).map(|i| i as u8).collect::<Vec<u8>>().into();
    let unrelated = stream(u128::from(u64::MAX));
    let own: Vec<_> = streams.iter().skip(task).step_by(tasks).cloned().collect();
    let mut revisions: Vec<Option<u64>> = vec![None; own.len()];
    let mut latencies = Latencies::new();
    for turn in 0.. {
        if start.elapsed() >= end {
            break;
        }
        let which = turn % own.len();
        let unit = RawUnit {
            writes: vec![RawWrite {
                stream: own[which].clone(),
                expected: Expected::at(revisions[which]),
                events: vec![event(Uuid::new_v4(), &payload)],
            }],
            checks: vec![Check { stream: unrelated.clone(), expected: Expected::NoStream }],
        };
        let asked = Instant::now();
        match log.append(vec![unit]).await?.pop() {
            Some(RawAppended::Committed(placed)) => revisions[which] = Some(placed.revisions[0]),
            other => bail!("{other:?}"),
        }
        latencies.record(asked.elapsed());
    }
    Ok(latencies)
}

fn event(id: Uuid, payload: &Bytes) -> RawEvent {
    RawEvent {
        id: EventId::new(id),
        event_type: Cow::Borrowed("MessageSent"),
        schema_version: 1,
        occurred_at: None,
        actor: None,
        correlation_id: id,
        causation_id: None,
        fingerprint: None,
        payload: payload.clone(),
    }
}

/// CPU of this process in all its threads.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(')').next().context("stat")?.split_whitespace().collect();
    Ok((fields[11].parse::<u64>()? + fields[12].parse::<u64>()?) as f64 / 100.0)
}

/// The whole log with its checksums, three times; then streams, 20 events each.
fn read(dir: &Path, streams: &[StreamName]) -> Result<()> {
    let log = open(dir)?;
    for pass in 1..=3 {
        let (start, mut events, mut bytes) = (Instant::now(), 0u64, 0usize);
        log.history().scan(Position::START, Direction::Forward, usize::MAX, |record| {
            events += 1;
            bytes += record.payload().len();
            ControlFlow::Continue(())
        })?;
        let per_s = events as f64 / start.elapsed().as_secs_f64();
        print(json!({"scenario": "log", "phase": "read all", "pass": pass, "events": events, "payload_bytes": bytes,
                     "per_s": per_s.round()}));
    }
    let mut latencies = Latencies::new();
    for stream in streams.iter().cycle().step_by(7).take(20_000) {
        let (asked, mut seen) = (Instant::now(), 0);
        log.history().read_stream(stream, u64::MAX, Direction::Backward, 20, |_| {
            seen += 1;
            Ok(())
        })?;
        latencies.record(asked.elapsed());
        ensure!(seen == 20, "a stream has only {seen} events: run longer");
    }
    print(json!({"scenario": "log", "phase": "read stream of 20", "p50_us": latencies.microseconds(0.5),
                 "p99_us": latencies.microseconds(0.99)}));
    Ok(())
}
