//! `send`: 64 connections over many conversations with all projections on: the peak in a closed loop, then 60 % of it
//! in an open loop, with the lag of every projection.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const CONNECTIONS: usize = 64;
const GROUPS_A_PERSON: usize = 16;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let floor = floor_peak(args, &scratch.path().join("floor.log")).await?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, CONNECTIONS).await?);
    let targets = Rc::new(conversations(server.address, &people).await?);

    closed_loop(server.address, &people, &targets, 2.0).await?;
    let cpu = server.cpu_seconds()?;
    let (peak, latencies) = closed_loop(server.address, &people, &targets, args.seconds).await?;
    let cpu_us = (server.cpu_seconds()? - cpu) * 1e6 / latencies.count() as f64;
    let drained = drain(server.address).await?;
    print(json!({"scenario": "send", "phase": "peak", "per_s": peak.round(), "floor_per_s": floor.round(),
                 "ratio": ratio(peak, floor), "latency": latencies.json(), "server_cpu_us": cpu_us.round(),
                 "drain_s": drained, "resident_mib": server.resident_kib()? / 1024}));

    let rate = peak * 0.6;
    let (latencies, lag) = open_loop(server.address, &people, &targets, rate, args.seconds).await?;
    print(json!({"scenario": "send", "phase": "open loop at 60 %", "rate_per_s": rate.round(),
                 "done_per_s": (latencies.count() as f64 / args.seconds).round(), "latency": latencies.json(),
                 "worst_lag_ms": lag}));
    server.stop().await
}

pub fn ratio(figure: f64, floor: f64) -> f64 {
    (figure / floor * 1000.0).round() / 1000.0
}

/// The floor's `/durable` from as many connections.
pub async fn floor_peak(args: &Args, file: &std::path::Path) -> Result<f64> {
    let server = Server::floor(&args.floor, file).await?;
    let body = json!({"room": "room", "id": "0123456789", "sender": "sender", "text": TEXT}).to_string();
    let make = move |_, _| ("/durable".to_owned(), String::new(), body.clone());
    workers(server.address, 1.0, make.clone()).await?;
    let (peak, _) = workers(server.address, args.seconds, make).await?;
    server.stop().await?;
    Ok(peak)
}

/// For each connection the conversations that its person sends to.
async fn conversations(address: SocketAddr, people: &[Person]) -> Result<Vec<Vec<String>>> {
    let mut connection = Connection::open(address).await?;
    let mut targets = Vec::with_capacity(people.len());
    for (n, person) in people.iter().enumerate() {
        let mut own = Vec::with_capacity(GROUPS_A_PERSON);
        for k in 0..GROUPS_A_PERSON {
            let other = |step: usize| &people[(n + step) % people.len()];
            own.push(populate::group(&mut connection, person, &[other(1 + k), other(20 + k)]).await?);
        }
        targets.push(own);
    }
    Ok(targets)
}

async fn closed_loop(
    address: SocketAddr,
    people: &Rc<Vec<Person>>,
    targets: &Rc<Vec<Vec<String>>>,
    seconds: f64,
) -> Result<(f64, Latencies)> {
    let (people, targets) = (people.clone(), targets.clone());
    let body = json!({"text": TEXT}).to_string();
    workers(address, seconds, move |worker: usize, turn: usize| {
        let conversation = &targets[worker][turn % targets[worker].len()];
        (format!("/v1/conversations/{conversation}/messages"), people[worker].token.clone(), body.clone())
    })
    .await
}

/// Closed loop over [`CONNECTIONS`] connections; every answer must be 201. Gives answers per second.
pub async fn workers(
    address: SocketAddr,
    seconds: f64,
    make: impl Fn(usize, usize) -> (String, String, String) + Clone + 'static,
) -> Result<(f64, Latencies)> {
    let local = LocalSet::new();
    let all = Rc::new(RefCell::new(Latencies::new()));
    let (start, end) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut running = Vec::new();
    for worker in 0..CONNECTIONS {
        let (make, all) = (make.clone(), all.clone());
        running.push(local.spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Latencies::new();
            let mut turn = 0;
            while start.elapsed() < end {
                let (path, token, body) = make(worker, turn);
                let sent = Instant::now();
                let token = (!token.is_empty()).then_some(token.as_str());
                let answer = connection.call("POST", &path, token, &body).await?;
                ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
                latencies.record(sent.elapsed());
                turn += 1;
            }
            all.borrow_mut().add(&latencies);
            anyhow::Ok(())
        }));
    }
    local
        .run_until(async {
            for worker in running {
                worker.await??;
            }
            anyhow::Ok(())
        })
        .await?;
    let took = start.elapsed().as_secs_f64();
    let latencies = Rc::into_inner(all).context("a worker is left")?.into_inner();
    Ok((latencies.count() as f64 / took, latencies))
}

/// Sends at `rate` from the due times, whatever the answers do; a third of a second late on all connections shows as
/// latency, not as a lower rate. Gives the latencies and the worst lag of each projection in milliseconds.
async fn open_loop(
    address: SocketAddr,
    people: &Rc<Vec<Person>>,
    targets: &Rc<Vec<Vec<String>>>,
    rate: f64,
    seconds: f64,
) -> Result<(Latencies, Value)> {
    let local = LocalSet::new();
    let all = Rc::new(RefCell::new(Latencies::new()));
    let heads: Rc<RefCell<VecDeque<(Instant, u64)>>> = Rc::default();
    let newest = Rc::new(Cell::new(0u64));
    let next = Rc::new(Cell::new(0u64));
    let (start, end) = (Instant::now(), Duration::from_secs_f64(seconds));
    let body = json!({"text": TEXT}).to_string();
    let mut running = Vec::new();
    for worker in 0..CONNECTIONS {
        let (people, targets, body) = (people.clone(), targets.clone(), body.clone());
        let (all, next, newest) = (all.clone(), next.clone(), newest.clone());
        running.push(local.spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            let mut latencies = Latencies::new();
            for turn in 0.. {
                let slot = next.get();
                next.set(slot + 1);
                let due = Duration::from_secs_f64(slot as f64 / rate);
                if due >= end {
                    break;
                }
                let now = start.elapsed();
                if due > now {
                    tokio::time::sleep_until((start + due).into()).await;
                }
                let conversation = &targets[worker][turn % targets[worker].len()];
                let path = format!("/v1/conversations/{conversation}/messages");
                let answer = connection.call("POST", &path, Some(&people[worker].token), &body).await?;
                ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
                newest.set(newest.get().max(position(answer.head)?));
                latencies.record(start.elapsed().saturating_sub(due));
            }
            all.borrow_mut().add(&latencies);
            anyhow::Ok(())
        }));
    }
    let worst = local
        .run_until(async {
            let watching = tokio::task::spawn_local(watch_lag(address, start + end, heads, newest));
            for worker in running {
                worker.await??;
            }
            watching.await?
        })
        .await?;
    Ok((Rc::into_inner(all).context("a worker is left")?.into_inner(), worst))
}

fn position(head: &[u8]) -> Result<u64> {
    let head = std::str::from_utf8(head)?;
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("tidings-position:"));
    Ok(line.and_then(|line| line.split(':').nth(1)).context("no Tidings-Position")?.trim().parse()?)
}

/// Samples the newest acknowledged position every 20 ms and asks `/readyz` every 200 ms: a projection's lag is the age
/// of the oldest sample that it has not reached.
async fn watch_lag(
    address: SocketAddr,
    end: Instant,
    heads: Rc<RefCell<VecDeque<(Instant, u64)>>>,
    newest: Rc<Cell<u64>>,
) -> Result<Value> {
    let mut connection = Connection::open(address).await?;
    let mut worst = serde_json::Map::new();
    let mut turn = 0;
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
        heads.borrow_mut().push_back((Instant::now(), newest.get()));
        turn += 1;
        if turn % 10 != 0 {
            continue;
        }
        let projections = projections(&mut connection).await?;
        let now = Instant::now();
        let mut slowest = u64::MAX;
        for (name, reached) in projections {
            slowest = slowest.min(reached);
            let heads = heads.borrow();
            let unseen = heads.iter().find(|(_, position)| *position > reached);
            let lag = unseen.map_or(0, |(at, _)| (now - *at).as_millis() as u64);
            let entry = worst.entry(name).or_insert(json!(0));
            *entry = json!(entry.as_u64().unwrap_or(0).max(lag));
        }
        while heads.borrow().front().is_some_and(|(_, position)| *position <= slowest) {
            heads.borrow_mut().pop_front();
        }
    }
    Ok(Value::Object(worst))
}

async fn projections(connection: &mut Connection) -> Result<Vec<(String, u64)>> {
    let answer = connection.call("GET", "/readyz", None, "").await?;
    let ready = answer.json()?;
    let list = ready["projections"].as_array().context("/readyz lists no projections")?;
    list.iter()
        .map(|entry| {
            let name = entry["name"].as_str().context("no name")?.to_owned();
            let position = entry["position"].as_str().context("no position")?.parse()?;
            Ok((name, position))
        })
        .collect()
}

/// Seconds until every projection has what is in the log.
pub async fn drain(address: SocketAddr) -> Result<f64> {
    let mut connection = Connection::open(address).await?;
    let start = Instant::now();
    loop {
        let ready = connection.call("GET", "/readyz", None, "").await?.json()?;
        let head: u64 = ready["log"]["position"].as_str().context("no log position")?.parse()?;
        if projections(&mut connection).await?.iter().all(|(_, reached)| *reached >= head) {
            return Ok((start.elapsed().as_secs_f64() * 100.0).round() / 100.0);
        }
        ensure!(start.elapsed() < Duration::from_secs(120), "the projections did not catch up in two minutes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
