//! How the embedded log grows: `cargo run --release -p store --example log_sizes -- DIR [STREAMS]`.
//!
//! Appends one event to each of STREAMS new streams (2,000,000 by default) in DIR, which must be empty, and prints after
//! each tenth: streams a second, closed segments, heap and resident memory, and what it costs to look for streams that
//! are nowhere. Then opens the log again and prints how long that takes.

use bytes::Bytes;
use commands::log::Expected;
use domain::clock::{Clock, Time};
use domain::ids::{EventId, Hash16, StoryId};
use domain::stream::StreamName;
use std::borrow::Cow;
use std::error::Error;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;
use store::embedded::append::{RawUnit, RawWrite};
use store::embedded::engine::Log;
use store::embedded::options::Options;
use store::embedded::record::RawEvent;
use uuid::Uuid;

const STREAMS: u64 = 2_000_000;
const PAYLOAD_BYTES: usize = 100;
const UNITS_AT_ONCE: u64 = 5_000;
const LOOKED_FOR: u64 = 10_000;

/// Goes on a microsecond each time it is asked: what is measured does not depend on it.
struct Counter(AtomicI64);

impl Clock for Counter {
    fn now(&self) -> Time {
        Time::from_micros(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Spread evenly, as keyed hashes and random ids are.
fn spread(n: u64) -> Uuid {
    let half = |n: u64| {
        let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        n ^ (n >> 31)
    };
    Uuid::from_u64_pair(half(n.wrapping_add(0x9e37_79b9_7f4a_7c15)), half(n))
}

fn unit(n: u64) -> RawUnit {
    let event = RawEvent {
        id: EventId::new(spread(n)),
        event_type: Cow::Borrowed("StoryPosted"),
        schema_version: 1,
        occurred_at: None,
        actor: None,
        correlation_id: Uuid::nil(),
        causation_id: None,
        fingerprint: None,
        payload: Bytes::from_static(&[7; PAYLOAD_BYTES]),
    };
    let stream = StreamName::story(StoryId::new(spread(n)));
    RawUnit { writes: vec![RawWrite { stream, expected: Expected::NoStream, events: vec![event] }], checks: Vec::new() }
}

/// Resident memory without and with mapped files, in MiB.
fn resident_mib() -> Result<(u64, u64), Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
        number.unwrap_or_default() / 1024
    };
    Ok((of("RssAnon:"), of("VmRSS:")))
}

fn look(log: &Log) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for n in 0..LOOKED_FOR {
        let hash = Hash16(*spread(u64::MAX - n).as_bytes());
        if log.revisions(&[StreamName::username(hash)])? != [None] {
            return Err("a stream that was never written was found".into());
        }
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / LOOKED_FOR as f64)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = PathBuf::from(arguments.next().ok_or("a directory")?);
    let streams: u64 = arguments.next().map_or(Ok(STREAMS), |streams| streams.parse())?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let options = || Options::new(Arc::new(Counter(AtomicI64::new(1_700_000_000_000_000))), [0; 16]);
    let log = Log::open(&dir, options())?;
    let mut out = stdout().lock();
    let (mut next, mut start) = (0, Instant::now());
    for tenth in 1..=10 {
        let until = streams * tenth / 10;
        let begun = next;
        while next < until {
            let end = until.min(next + UNITS_AT_ONCE);
            runtime.block_on(log.append((next..end).map(unit).collect()))?;
            next = end;
        }
        let per_s = (next - begun) as f64 / start.elapsed().as_secs_f64();
        if let Some(keeper) = log.keeper() {
            while keeper.step() {}
        }
        let (closed, (anonymous, resident)) = (log.history().state.read().closed.len(), resident_mib()?);
        writeln!(
            out,
            "{next} streams, {per_s:.0}/s, {closed} closed segments, {anonymous} MiB anonymous, {resident} MiB resident, \
             {:.2} us to look for a stream that is nowhere",
            look(&log)?
        )?;
        start = Instant::now();
    }
    runtime.block_on(log.close());
    drop(log);
    let start = Instant::now();
    let log = Log::open(&dir, options())?;
    let (ready, (anonymous, resident)) = (start.elapsed(), resident_mib()?);
    writeln!(out, "opened {} events in {ready:?}: {anonymous} MiB anonymous, {resident} MiB resident", log.head())?;
    writeln!(out, "{:.2} us to look for a stream before the filters are loaded", look(&log)?)?;
    Ok(())
}
