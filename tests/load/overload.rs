//! `overload`: three times the peak for two minutes. What is done meanwhile, how fast the rest is refused, and how soon
//! everything is normal again.
//!
//! The generator has the same two cores as the server. Each of its connections sends at its due times. One that was
//! refused obeys `Retry-After`: what falls due meanwhile is held back. One that still waits for an answer is late. So what
//! was sent and what was held back are printed beside what was wanted. A generator with so much to do takes its time
//! before it looks at an answer, so how long answers take is measured by a thread of its own with a few connections.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person, TEXT};
use crate::send::{drain, ratio, workers};
use crate::server::Server;
use anyhow::{Context, Result, anyhow, bail};
use futures_util::future::try_join_all;
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const PEOPLE: usize = 64;
/// Connections that offer the overload: twice as many as commands may be pending.
const CONNECTIONS: usize = 8_192;
const TIMES: f64 = 3.0;
/// Connections that measure, and how often each sends. They come back however often they are refused.
const PROBES: usize = 8;
const PROBE_EVERY: Duration = Duration::from_millis(100);

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, PEOPLE).await?);
    let mut connection = Connection::open(server.address).await?;
    let mut rooms = Vec::new();
    for n in 0..PEOPLE {
        let others = [&people[(n + 1) % PEOPLE], &people[(n + 2) % PEOPLE]];
        rooms.push(populate::group(&mut connection, &people[n], &others).await?);
    }
    let rooms = Rc::new(rooms);
    let make = {
        let (people, rooms) = (people.clone(), rooms.clone());
        move |worker: usize, _| request(&people, &rooms, worker)
    };
    workers(server.address, 2.0, make.clone()).await?;
    let (peak, _) = workers(server.address, args.seconds, make).await?;
    drain(server.address).await?;

    let wanted = peak * TIMES;
    let probing = std::thread::spawn({
        let (address, seconds) = (server.address, args.overload_seconds);
        let requests: Vec<_> = (0..PROBES).map(|n| request(&people, &rooms, n)).collect();
        move || probe(address, requests, seconds)
    });
    let over = Outcome::of(server.address, &people, &rooms, CONNECTIONS, wanted, args.overload_seconds).await?;
    let probed = probing.join().map_err(|_| anyhow!("the probe ended"))??;
    let after = Instant::now();
    let normal = normal_again(server.address, &people, &rooms, peak * 0.5, after).await?;
    let drained = drain(server.address).await?;
    print(json!({"scenario": "overload", "peak_per_s": peak.round(), "wanted_per_s": wanted.round(),
                 "sent_per_s": (over.sent() as f64 / args.overload_seconds).round(),
                 "held_back_per_s": (over.held_back as f64 / args.overload_seconds).round(),
                 "goodput_per_s": (over.done.count() as f64 / args.overload_seconds).round(),
                 "goodput_of_peak": ratio(over.done.count() as f64 / args.overload_seconds, peak),
                 "answers_by_status": over.statuses, "without_retry_after": over.without_retry_after,
                 "done": over.done.json(), "refused": over.refused.json(),
                 "probe": {"answers_by_status": probed.statuses, "done": probed.done.json(),
                           "refused": probed.refused.json()},
                 "normal_after_s": normal, "drain_s": drained, "resident_mib": server.resident_kib()? / 1024}));
    server.stop().await
}

fn request(people: &[Person], rooms: &[String], worker: usize) -> (String, String, String) {
    let n = worker % PEOPLE;
    let body = json!({"text": TEXT}).to_string();
    (format!("/v1/conversations/{}/messages", rooms[n]), people[n].token.clone(), body)
}

/// Sends on a few connections from a thread that has nothing else to do, also while the others still open theirs.
fn probe(address: SocketAddr, requests: Vec<(String, String, String)>, seconds: f64) -> Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = Rc::new(RefCell::new(Outcome::default()));
    let probes = requests.into_iter().enumerate().map(|(n, (path, token, body))| {
        let outcome = outcome.clone();
        async move {
            let mut connection = Connection::open(address).await?;
            connection.prepare("POST", &path, Some(&token), &body)?;
            let start = Instant::now() + PROBE_EVERY.mul_f64(n as f64 / PROBES as f64);
            let turns = (seconds / PROBE_EVERY.as_secs_f64()) as u32;
            for turn in 0..turns {
                let due = start + PROBE_EVERY * turn;
                tokio::time::sleep_until(due.into()).await;
                let sent = Instant::now();
                let answer = connection.again().await?;
                outcome.borrow_mut().note(answer.status, answer.head, sent.elapsed());
            }
            anyhow::Ok(())
        }
    });
    runtime.block_on(try_join_all(probes))?;
    Ok(Rc::into_inner(outcome).context("a probe is left")?.into_inner())
}

#[derive(Default)]
struct Outcome {
    /// From sending to the answer, of what was done.
    done: Latencies,
    /// The same of what was refused.
    refused: Latencies,
    statuses: BTreeMap<u16, u64>,
    without_retry_after: u64,
    /// What fell due while its connection had been told to wait.
    held_back: u64,
}

impl Outcome {
    fn sent(&self) -> u64 {
        self.statuses.values().sum()
    }

    async fn of(
        address: SocketAddr,
        people: &Rc<Vec<Person>>,
        rooms: &Rc<Vec<String>>,
        connections: usize,
        rate: f64,
        seconds: f64,
    ) -> Result<Self> {
        let outcome = Rc::new(RefCell::new(Self::default()));
        let mut opened = Vec::with_capacity(connections);
        for _ in 0..connections {
            opened.push(Connection::open(address).await?);
        }
        let (start, count) = (Instant::now(), (rate * seconds) as usize);
        let local = LocalSet::new();
        let mut running = Vec::new();
        for (worker, mut connection) in opened.into_iter().enumerate() {
            let (people, rooms, outcome) = (people.clone(), rooms.clone(), outcome.clone());
            running.push(local.spawn_local(async move {
                let (path, token, body) = request(&people, &rooms, worker);
                connection.prepare("POST", &path, Some(&token), &body)?;
                let mut not_before = start;
                for n in (worker..count).step_by(connections) {
                    let due = start + Duration::from_secs_f64(n as f64 / rate);
                    if due < not_before {
                        outcome.borrow_mut().held_back += 1;
                        continue;
                    }
                    tokio::time::sleep_until(due.into()).await;
                    if start.elapsed().as_secs_f64() > seconds {
                        break;
                    }
                    let sent = Instant::now();
                    let answer = connection.again().await?;
                    let again = outcome.borrow_mut().note(answer.status, answer.head, sent.elapsed());
                    not_before = again.map_or(not_before, |seconds| Instant::now() + Duration::from_secs(seconds));
                }
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
        Ok(Rc::into_inner(outcome).context("a worker is left")?.into_inner())
    }

    /// Gives the seconds of `Retry-After`, if it was refused.
    fn note(&mut self, status: u16, head: &[u8], took: Duration) -> Option<u64> {
        *self.statuses.entry(status).or_default() += 1;
        if status == 201 {
            self.done.record(took);
            return None;
        }
        self.refused.record(took);
        let seconds = retry_after(head);
        self.without_retry_after += u64::from(seconds.is_none());
        seconds
    }
}

fn retry_after(head: &[u8]) -> Option<u64> {
    let head = std::str::from_utf8(head).ok()?.to_ascii_lowercase();
    head.lines().find_map(|line| line.strip_prefix("retry-after:"))?.trim().parse().ok()
}

/// Seconds until a quarter of a second at this rate passes without a refusal and with a p99 of at most 100 ms.
async fn normal_again(
    address: SocketAddr,
    people: &Rc<Vec<Person>>,
    rooms: &Rc<Vec<String>>,
    rate: f64,
    since: Instant,
) -> Result<f64> {
    while since.elapsed() < Duration::from_secs(60) {
        let now = Outcome::of(address, people, rooms, PEOPLE, rate, 0.25).await?;
        if now.refused.count() == 0 && now.done.milliseconds(0.99) <= 100.0 {
            return Ok((since.elapsed().as_secs_f64() * 100.0).round() / 100.0);
        }
    }
    bail!("it was not normal again after a minute")
}
