//! `search`: 100,000 messages (or `--messages`), 8 clients with mixed questions while messages are sent, how soon a message
//! is found at 1,000 messages a second, and the index from nothing.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const PEOPLE: usize = 120;
const MEMBERS: usize = 30;
const CONVERSATIONS: usize = 60;
const WRITERS: usize = 64;
const CLIENTS: usize = 8;
const VOCABULARY: f64 = 30_000.0;
const WORDS: usize = 14;
/// Messages a second while questions are answered.
const BACKGROUND_PER_S: f64 = 200.0;
/// Messages a second while it is measured how soon one is found.
const FINDABLE_PER_S: f64 = 1_000.0;
/// One in so many of those is looked for.
const LOOKED_FOR: usize = 100;
const PATIENCE: Duration = Duration::from_secs(600);

struct Scene {
    address: SocketAddr,
    people: Vec<Person>,
    rooms: Vec<String>,
}

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = scratch.path().join("data");
    let server = Server::tidings(&args.binaries, &data).await?;
    let scene = Rc::new(scene(server.address).await?);
    LocalSet::new()
        .run_until(async {
            write(&scene, args.messages).await?;
            until_indexed(server.address).await?;
            questions(&scene, args).await?;
            findable(&scene, args).await
        })
        .await?;
    let resident_mib = server.resident_kib()? / 1024;
    server.stop().await?;
    tokio::fs::remove_dir_all(data.join("search")).await?;
    let started = Instant::now();
    let server = Server::tidings(&args.binaries, &data).await?;
    let events = until_indexed(server.address).await?;
    let seconds = started.elapsed().as_secs_f64();
    print(
        json!({"scenario": "search", "phase": "the index from nothing, the start included", "messages": args.messages,
                 "events": events, "seconds": (seconds * 100.0).round() / 100.0,
                 "messages_per_s": (args.messages as f64 / seconds).round(), "resident_mib_before": resident_mib}),
    );
    server.stop().await
}

async fn scene(address: SocketAddr) -> Result<Scene> {
    let people = populate::people(address, PEOPLE).await?;
    let mut connection = Connection::open(address).await?;
    let mut rooms = Vec::new();
    for room in 0..CONVERSATIONS {
        let members: Vec<&Person> = (1..MEMBERS).map(|member| &people[member_of(room, member)]).collect();
        rooms.push(populate::group(&mut connection, &people[member_of(room, 0)], &members).await?);
    }
    Ok(Scene { address, people, rooms })
}

fn member_of(room: usize, member: usize) -> usize {
    (room * 7 + member) % PEOPLE
}

/// Words as people use them: few of them often, most of them rarely.
fn word(random: &mut StdRng) -> String {
    format!("w{}", VOCABULARY.powf(random.random::<f64>()) as u64)
}

fn text(random: &mut StdRng) -> String {
    let words: Vec<String> = (0..WORDS).map(|_| word(random)).collect();
    let link = if random.random_range(0..20) == 0 { " https://example.org/a" } else { "" };
    format!("{}{link}", words.join(" "))
}

impl Scene {
    async fn send(&self, connection: &mut Connection, number: usize, text: &str) -> Result<()> {
        let room = number % CONVERSATIONS;
        let sender = &self.people[member_of(room, number / CONVERSATIONS % MEMBERS)];
        let path = format!("/v1/conversations/{}/messages", self.rooms[room]);
        let answer = connection.call("POST", &path, Some(&sender.token), &json!({"text": text}).to_string()).await?;
        ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
        Ok(())
    }

    async fn total(&self, connection: &mut Connection, person: usize, query: &str) -> Result<u64> {
        let path = format!("/v1/search/messages?q={query}&limit=20");
        let answer = connection.call("GET", &path, Some(&self.people[person].token), "").await?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        answer.json()?["total"].as_u64().context("no total")
    }
}

async fn write(scene: &Rc<Scene>, messages: usize) -> Result<()> {
    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let scene = scene.clone();
        writers.push(tokio::task::spawn_local(async move {
            let (mut connection, mut random) =
                (Connection::open(scene.address).await?, StdRng::seed_from_u64(writer as u64));
            for number in (writer..messages).step_by(WRITERS) {
                scene.send(&mut connection, number, &text(&mut random)).await?;
            }
            anyhow::Ok(())
        }));
    }
    for writer in writers {
        writer.await??;
    }
    Ok(())
}

/// Until the index has everything; gives the log's last position.
async fn until_indexed(address: SocketAddr) -> Result<u64> {
    let (mut connection, started) = (Connection::open(address).await?, Instant::now());
    loop {
        let ready: Value = connection.call("GET", "/readyz", None, "").await?.json()?;
        let search = ready["projections"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "search"));
        let head = &ready["log"]["position"];
        if search.is_some_and(|search| search["position"] == *head && search["state"] == "running") {
            return head.as_str().and_then(|text| text.parse().ok()).context("no position");
        }
        ensure!(started.elapsed() < PATIENCE, "not indexed within {PATIENCE:?}: {ready}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn question(random: &mut StdRng) -> String {
    let (one, two) = (word(random), word(random));
    match random.random_range(0..10) {
        0..=3 => one,
        4 | 5 => format!("{one}+{two}"),
        6 => format!("%22{one}+{two}%22"),
        7 => format!("{one}*"),
        8 => format!("{one}+-{two}+has:link"),
        _ => format!("{one}&sort=recent"),
    }
}

/// 8 clients that ask one question after the other, while messages are sent from their due times.
async fn questions(scene: &Rc<Scene>, args: &Args) -> Result<()> {
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    let background = tokio::task::spawn_local(background(scene.clone(), BACKGROUND_PER_S, end));
    let (found, mut clients) = (Rc::new(Cell::new(0_u64)), Vec::new());
    for client in 0..CLIENTS {
        let (scene, found) = (scene.clone(), found.clone());
        clients.push(tokio::task::spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(scene.address).await?, Latencies::new());
            let mut random = StdRng::seed_from_u64(1_000 + client as u64);
            while Instant::now() < end {
                let (question, began) = (question(&mut random), Instant::now());
                let total = scene.total(&mut connection, random.random_range(0..PEOPLE), &question).await?;
                latencies.record(began.elapsed());
                found.set(found.get() + u64::from(total > 0));
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Latencies::new();
    for client in clients {
        latencies.add(&client.await??);
    }
    background.await??;
    print(json!({"scenario": "search", "phase": "8 clients, mixed questions, 200 messages/s meanwhile",
                 "messages": args.messages, "p95_ms": latencies.milliseconds(0.95), "answered": latencies.json(),
                 "questions_per_s": (latencies.count() as f64 / args.seconds).round(),
                 "with_hits": found.get(), "questions": latencies.count()}));
    Ok(())
}

async fn background(scene: Rc<Scene>, per_s: f64, end: Instant) -> Result<()> {
    let (mut connection, mut random) = (Connection::open(scene.address).await?, StdRng::seed_from_u64(77));
    let start = Instant::now();
    for number in 0.. {
        let due = start + Duration::from_secs_f64(number as f64 / per_s);
        if due >= end {
            break;
        }
        tokio::time::sleep_until(due.into()).await;
        scene.send(&mut connection, number, &text(&mut random)).await?;
    }
    Ok(())
}

/// How long after its answer a message is found, at 1,000 a second.
async fn findable(scene: &Rc<Scene>, args: &Args) -> Result<()> {
    let (start, count) = (Instant::now(), (FINDABLE_PER_S * args.seconds) as usize);
    let mut senders = Vec::new();
    for sender in 0..WRITERS {
        let scene = scene.clone();
        senders.push(tokio::task::spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(scene.address).await?, Latencies::new());
            let (mut random, mut lookups) = (StdRng::seed_from_u64(2_000 + sender as u64), Vec::new());
            for number in (sender..count).step_by(WRITERS) {
                let due = start + Duration::from_secs_f64(number as f64 / FINDABLE_PER_S);
                tokio::time::sleep_until(due.into()).await;
                let mark = format!("mark{number}x");
                scene.send(&mut connection, number, &format!("{mark} {}", text(&mut random))).await?;
                if number % LOOKED_FOR == 0 {
                    lookups.push(tokio::task::spawn_local(look_for(scene.clone(), number, mark, Instant::now())));
                }
            }
            for lookup in lookups {
                latencies.record(lookup.await??);
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Latencies::new();
    for sender in senders {
        latencies.add(&sender.await??);
    }
    print(
        json!({"scenario": "search", "phase": "found after its answer, at 1,000 messages/s", "p95_ms": latencies.milliseconds(0.95),
                 "found": latencies.json(), "looked_for": latencies.count()}),
    );
    Ok(())
}

/// Without saying that it must be there: nobody waits for it.
async fn look_for(scene: Rc<Scene>, number: usize, mark: String, since: Instant) -> Result<Duration> {
    let mut connection = Connection::open(scene.address).await?;
    let person = member_of(number % CONVERSATIONS, 1);
    while scene.total(&mut connection, person, &mark).await? == 0 {
        ensure!(since.elapsed() < PATIENCE, "{mark} is not found");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(since.elapsed())
}
