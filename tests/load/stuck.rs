//! `stuck`: 50 of 1,000 sockets of one room never read. What each costs the server, how soon it is cut, and what the
//! others notice. Phases without and with stuck sockets take turns, each as often first, because the machine differs more
//! between phases. The whole process differs by as much as 50 stuck sockets hold, so memory is measured with 500 as well.

use crate::Args;
use crate::connection::Connection;
use crate::feed::identified;
use crate::feed_client::Socket;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const MEMBERS: usize = 500;
const READING: usize = 950;
const STUCK: usize = 50;
const MANY_STUCK: usize = 500;
const SENDERS: usize = 16;
/// Enough to fill what the system buffers of a socket within seconds.
const RATE_PER_S: f64 = 100.0;
/// How often both phases are measured.
const ROUNDS: usize = 8;
const ROUNDS_OF_MANY: usize = 2;
/// Of one phase: about as long as stuck sockets live.
const SECONDS: f64 = 8.0;
/// Until memory that a phase needed is given back.
const BETWEEN_PHASES: Duration = Duration::from_secs(2);
const HEARTBEAT_EVERY: Duration = Duration::from_secs(20);
/// Messages get numbers from multiples of this on, one for each phase.
const NUMBERS: usize = 1_000;
const MARK: &[u8] = b"#load:";

/// For each message how many of the reading sockets have it, and when the last one had.
type Seen = RefCell<Vec<(usize, Option<Instant>)>>;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, MEMBERS).await?);
    let mut connection = Connection::open(server.address).await?;
    let others: Vec<_> = people[1..].iter().collect();
    let room = Rc::new(populate::group(&mut connection, &people[0], &others).await?);
    let seen: Rc<Seen> = Rc::default();
    let local = LocalSet::new();
    for n in 0..READING {
        let socket = identified(server.address, &people[n % MEMBERS]).await?;
        // Not all in the same moment.
        let first = HEARTBEAT_EVERY.mul_f64(n as f64 / READING as f64);
        local.spawn_local(reads(socket, seen.clone(), Instant::now() + first));
    }
    let mut scene = Scene { server: &server, people, room, seen, phases: 0, at_first_kib: 0 };
    local
        .run_until(async {
            scene.messages(2.0).await?;
            scene.at_first_kib = server.resident_kib()?;
            scene.rounds(ROUNDS, STUCK).await?;
            scene.rounds(ROUNDS_OF_MANY, MANY_STUCK).await
        })
        .await?;
    server.stop().await
}

/// Reads everything until the server closes, and says now and then that it is there.
async fn reads(mut socket: Socket, seen: Rc<Seen>, first: Instant) {
    let mut heartbeat = tokio::time::interval_at(first.into(), HEARTBEAT_EVERY);
    loop {
        let is_open = tokio::select! {
            read = socket.read(|text| note(&seen, text)) => read.is_ok(),
            _ = heartbeat.tick() => socket.say(r#"{"op":"heartbeat"}"#).await.is_ok(),
        };
        if !is_open {
            return;
        }
    }
}

/// A room in which 950 sockets read.
struct Scene<'a> {
    server: &'a Server,
    people: Rc<Vec<Person>>,
    room: Rc<String>,
    seen: Rc<Seen>,
    phases: usize,
    /// What the process held once everything was warm.
    at_first_kib: u64,
}

/// What a phase gave: from due to the last reading socket, and what the process held at most beyond what it held at first.
struct Phase {
    last: Latencies,
    grown_kib: u64,
}

impl Scene<'_> {
    async fn rounds(&mut self, rounds: usize, stuck: usize) -> Result<()> {
        let (mut all_alone, mut all_beside) = (Latencies::new(), Latencies::new());
        let (mut grown_alone, mut grown_beside) = (0, 0);
        for round in 0..rounds {
            let (alone, beside) = if round % 2 == 0 {
                let alone = self.alone().await?;
                (alone, self.beside(stuck).await?)
            } else {
                let beside = self.beside(stuck).await?;
                (self.alone().await?, beside)
            };
            print(json!({"scenario": "stuck", "stuck": stuck, "others_alone": alone.last.json(),
                         "others_beside": beside.last.json(),
                         "process_grows_by_kib": {"alone": alone.grown_kib, "beside": beside.grown_kib}}));
            all_alone.add(&alone.last);
            all_beside.add(&beside.last);
            grown_alone += alone.grown_kib;
            grown_beside += beside.grown_kib;
        }
        let kib_each = grown_beside.saturating_sub(grown_alone) as f64 / (rounds * stuck) as f64;
        print(json!({"scenario": "stuck", "stuck": stuck, "rounds": rounds, "others_alone": all_alone.json(),
                     "others_beside": all_beside.json(), "p99_moves_percent": moves(&all_alone, &all_beside),
                     "kib_each": kib_each.round()}));
        Ok(())
    }

    /// Nobody is stuck.
    async fn alone(&mut self) -> Result<Phase> {
        tokio::time::sleep(BETWEEN_PHASES).await;
        let (last, most_kib) = most_kib(self.server, self.messages(SECONDS)).await?;
        Ok(Phase { last, grown_kib: most_kib.saturating_sub(self.at_first_kib) })
    }

    /// Others are, until they are cut.
    async fn beside(&mut self, count: usize) -> Result<Phase> {
        tokio::time::sleep(BETWEEN_PHASES).await;
        let server = self.server;
        let mut stuck: Vec<Socket> = Vec::new();
        for n in 0..count {
            stuck.push(identified(server.address, &self.people[(READING + n) % MEMBERS]).await?);
        }
        let since = Instant::now();
        let both = async { tokio::try_join!(self.messages(SECONDS), cut_after(server, since)) };
        let ((last, (cut_after_s, queued_kib)), most_kib) = most_kib(server, both).await?;
        print(json!({"scenario": "stuck", "stuck": count, "all_cut_after_s": cut_after_s,
                     "queued_kib_each": queued_kib / count as u64}));
        Ok(Phase { last, grown_kib: most_kib.saturating_sub(self.at_first_kib) })
    }

    /// The time from each message's due time until the last of the reading sockets had it.
    async fn messages(&mut self, seconds: f64) -> Result<Latencies> {
        let first = self.phases * NUMBERS;
        self.phases += 1;
        open_loop(self.server, seconds, first, &self.people, &self.room, &self.seen).await
    }
}

fn moves(alone: &Latencies, beside: &Latencies) -> f64 {
    ((beside.milliseconds(0.99) / alone.milliseconds(0.99) - 1.0) * 1000.0).round() / 10.0
}

fn note(seen: &Seen, text: &[u8]) {
    let Some(at) = text.windows(MARK.len()).position(|window| window == MARK) else { return };
    let digits = text[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0, |number: usize, digit| number * 10 + usize::from(digit - b'0'));
    let mut seen = seen.borrow_mut();
    if seen.len() <= number {
        seen.resize(number + 1, (0, None));
    }
    seen[number].0 += 1;
    seen[number].1 = Some(Instant::now());
}

/// The time from each message's due time until the last of the reading sockets had it.
async fn open_loop(
    server: &Server,
    seconds: f64,
    first: usize,
    people: &Rc<Vec<Person>>,
    room: &Rc<String>,
    seen: &Rc<Seen>,
) -> Result<Latencies> {
    let (start, count, address) = (Instant::now(), (seconds * RATE_PER_S) as usize, server.address);
    let due = move |n: usize| start + Duration::from_secs_f64(n as f64 / RATE_PER_S);
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let (people, room) = (people.clone(), room.clone());
        senders.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            let path = format!("/v1/conversations/{room}/messages");
            for n in (sender..count).step_by(SENDERS) {
                tokio::time::sleep_until(due(n).into()).await;
                let body = json!({"text": format!("#load:{} {TEXT}", first + n)}).to_string();
                let answer = connection.call("POST", &path, Some(&people[sender].token), &body).await?;
                ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
            }
            anyhow::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    let mut latencies = Latencies::new();
    let patience = Instant::now() + Duration::from_secs(20);
    for n in 0..count {
        loop {
            let (reached, at) = seen.borrow().get(first + n).copied().unwrap_or_default();
            if reached == READING {
                latencies.record(at.context("no time")? - due(n));
                break;
            }
            ensure!(Instant::now() < patience, "message {n} reached {reached} of {READING} sockets");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(latencies)
}

/// What comes of something, and the server's greatest resident memory meanwhile, in KiB.
async fn most_kib<T>(server: &Server, work: impl Future<Output = Result<T>>) -> Result<(T, u64)> {
    let mut most = 0;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Ok((done?, most)),
            () = tokio::time::sleep(Duration::from_millis(50)) => most = most.max(server.resident_kib()?),
        }
    }
}

/// Seconds until the server has only the reading sockets left, and the most that waited in all queues until then, in KiB.
async fn cut_after(server: &Server, since: Instant) -> Result<(f64, u64)> {
    let mut connection = Connection::open(server.address).await?;
    let mut most = 0;
    loop {
        let text = String::from_utf8_lossy(connection.call("GET", "/metrics", None, "").await?.body).into_owned();
        let gauge = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
            anyhow::Ok(line.trim().parse::<f64>()?)
        };
        let open = gauge("tidings_feed_sockets ")?;
        most = most.max((gauge("tidings_feed_queue_bytes ")? / 1024.0) as u64);
        if open <= READING as f64 {
            return Ok(((since.elapsed().as_secs_f64() * 100.0).round() / 100.0, most));
        }
        ensure!(since.elapsed() < Duration::from_secs(120), "stuck sockets were not cut in two minutes");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}
