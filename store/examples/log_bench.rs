//! The embedded log's own speed, one JSON line a scenario. `log_bench [--dir D] [--seconds S] [--tasks N] [--streams N]`.
//!
//! Appends like `floor log` does: N tasks, one append outstanding each. Each event goes to one of 10,000 streams of its
//! task with the exact expectation, and each unit checks one other stream.
#![expect(clippy::unwrap_used, reason = "a bench that stops at the first error")]
#![expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it has its own edge: clock, tasks, output")]

use bytes::Bytes;
use commands::log::{Check, Expected};
use domain::clock::{Clock, Time};
use domain::ids::{ConversationId, EventId, Position};
use domain::source::Direction;
use domain::stream::StreamName;
use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use store::embedded::append::{RawAppended, RawUnit, RawWrite};
use store::embedded::engine::Log;
use store::embedded::options::Options;
use store::embedded::record::RawEvent;
use uuid::Uuid;

const STREAMS: usize = 10_000;

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        Time::from_micros(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_micros() as i64)
    }
}

fn percentile(sorted: &[u32], of: f64) -> u32 {
    sorted.get(((sorted.len() as f64 - 1.0) * of) as usize).copied().unwrap_or(0)
}

fn event(id: u128, payload: &Bytes) -> RawEvent {
    RawEvent {
        id: EventId::new(Uuid::from_u128(id)),
        event_type: Cow::Borrowed("MessageSent"),
        schema_version: 1,
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::from_u128(id),
        causation_id: None,
        fingerprint: None,
        payload: payload.clone(),
    }
}

async fn append(dir: &Path, tasks: usize, seconds: f64, streams: &Arc<Vec<StreamName>>) {
    let started = Instant::now();
    let log = Arc::new(Log::open(dir, Options::new(Arc::new(SystemClock), [0; 16])).unwrap());
    let opened = started.elapsed();
    let payload: Bytes = (0..256).map(|i| i as u8).collect::<Vec<u8>>().into();
    let (start, run) = (Instant::now(), Duration::from_secs_f64(seconds));
    let check = StreamName::conversation(ConversationId::new(Uuid::from_u128(u128::MAX)));
    let seed = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let workers: Vec<_> = (0..tasks)
        .map(|task| {
            let (log, streams, payload, check) = (log.clone(), streams.clone(), payload.clone(), check.clone());
            tokio::spawn(async move {
                let mine: Vec<usize> = (task..STREAMS).step_by(tasks).collect();
                let names: Vec<_> = mine.iter().map(|i| streams[*i].clone()).collect();
                let mut revisions = log.revisions(&names).unwrap();
                let (mut latencies, mut n) = (Vec::with_capacity(1 << 16), 0u128);
                while start.elapsed() < run {
                    let which = (n as usize).wrapping_mul(7919) % names.len();
                    let id = ((seed << 32) ^ (n << 16) ^ task as u128)
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                    let unit = RawUnit {
                        writes: vec![RawWrite {
                            stream: names[which].clone(),
                            expected: Expected::at(revisions[which]),
                            events: vec![event(id, &payload)],
                        }],
                        checks: vec![Check { stream: check.clone(), expected: Expected::NoStream }],
                    };
                    let t = Instant::now();
                    match log.append(vec![unit]).await.unwrap().pop() {
                        Some(RawAppended::Committed(placed)) => revisions[which] = Some(placed.revisions[0]),
                        other => panic!("{other:?}"),
                    }
                    latencies.push(t.elapsed().as_micros() as u32);
                    n += 1;
                }
                latencies
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.unwrap());
    }
    let took = start.elapsed().as_secs_f64();
    all.sort_unstable();
    println!(
        r#"{{"log":"append","tasks":{tasks},"bytes":256,"records_per_s":{:.0},"p50_us":{},"p99_us":{},"p999_us":{},"open_ms":{:.1},"cpu":{}}}"#,
        all.len() as f64 / took,
        percentile(&all, 0.5),
        percentile(&all, 0.99),
        percentile(&all, 0.999),
        opened.as_secs_f64() * 1e3,
        cpu_per_event(all.len()),
    );
    log.close().await;
}

/// Microseconds of CPU of this process so far, in all its threads, divided by the events of this scenario.
fn cpu_per_event(events: usize) -> String {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    format!("{:.2}", ticks as f64 * 10_000.0 / events as f64)
}

fn read(dir: &Path, streams: &[StreamName]) {
    let started = Instant::now();
    let log = Log::open(dir, Options::new(Arc::new(SystemClock), [0; 16])).unwrap();
    let opened = started.elapsed().as_secs_f64() * 1e3;
    for pass in 0..3 {
        let (start, mut events, mut bytes) = (Instant::now(), 0u64, 0usize);
        log.history()
            .scan(Position::START, Direction::Forward, usize::MAX, |record| {
                events += 1;
                bytes += record.payload().len();
                ControlFlow::Continue(())
            })
            .unwrap();
        let took = start.elapsed().as_secs_f64();
        println!(
            r#"{{"log":"read_all","pass":{pass},"events":{events},"payload_bytes":{bytes},"events_per_s":{:.0},"open_ms":{opened:.1}}}"#,
            events as f64 / took
        );
    }
    let mut latencies = Vec::new();
    for stream in streams.iter().cycle().step_by(7).take(20_000) {
        let (t, mut seen) = (Instant::now(), 0);
        log.history()
            .read_stream(stream, u64::MAX, Direction::Backward, 20, |_| {
                seen += 1;
                Ok(())
            })
            .unwrap();
        assert!(seen <= 20);
        latencies.push(t.elapsed().as_micros() as u32);
    }
    latencies.sort_unstable();
    println!(
        r#"{{"log":"read_stream","events":20,"p50_us":{},"p99_us":{}}}"#,
        percentile(&latencies, 0.5),
        percentile(&latencies, 0.99)
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|i| arguments.get(i + 1)).cloned();
    let dir: PathBuf = value("--dir").unwrap_or_else(|| "/tmp/log_bench".into()).into();
    let seconds = value("--seconds").map_or(3.0, |s| s.parse().unwrap());
    let tasks: Vec<usize> = value("--tasks").map_or(vec![1, 64, 1000], |t| vec![t.parse().unwrap()]);
    let streams = (0..STREAMS as u128).map(|i| StreamName::timeline(ConversationId::new(Uuid::from_u128(i << 64 | i))));
    let streams: Arc<Vec<_>> = Arc::new(streams.collect());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for tasks in tasks {
        if dir.exists() {
            std::fs::remove_dir_all(&dir).unwrap();
        }
        runtime.block_on(append(&dir, tasks, seconds, &streams));
    }
    read(&dir, &streams);
}
