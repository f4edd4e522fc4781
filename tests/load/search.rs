//! `search`: 100,000 messages (or `--messages`), 8 clients with mixed questions while messages are sent, how soon a message
//! is found at 1,000 messages a second, and the index from nothing.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::pairs::mean_sync_ms;
use crate::populate::username;
use crate::scene::{self, PEOPLE, ROOMS, Scene, member_of};
use crate::server::Server;
use crate::texts::Texts;
use anyhow::{Context, Result, ensure};
use domain::clock::Time;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Map, Value, json};
use std::cell::Cell;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};
use tests::person::percent_encoded;
use tokio::task::LocalSet;

const SENDERS: usize = 64;
const CLIENTS: usize = 8;
/// Messages a second while questions are answered.
const BACKGROUND_PER_S: f64 = 200.0;
/// Messages a second while it is measured how soon one is found.
const FINDABLE_PER_S: f64 = 1_000.0;
/// One in so many of those is looked for.
const LOOKED_FOR: usize = 100;
const PATIENCE: Duration = Duration::from_secs(600);
/// What is asked, each as often.
const KINDS: [&str; 10] = [
    "a word",
    "a rare word",
    "two words",
    "a phrase",
    "a beginning",
    "without a word",
    "by somebody",
    "in one conversation",
    "of some weeks",
    "with a link or a reaction",
];

pub async fn run(args: &Args) -> Result<()> {
    let Some(texts) = Texts::read()? else { return Ok(()) };
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = args.data.clone().unwrap_or_else(|| scratch.path().join("data"));
    scene::make(args, &data, &texts).await?;
    let server = Server::tidings(&args.binaries, &data).await?;
    until_ready(server.address).await?;
    let load = Rc::new(Load { scene: Scene::open(server.address, &data).await?, texts });
    LocalSet::new()
        .run_until(async {
            questions(&load, args, &server).await?;
            findable(&load, args, &server).await
        })
        .await?;
    server.stop().await?;
    from_nothing(args, &data).await
}

struct Load {
    scene: Scene,
    texts: Texts,
}

impl Load {
    async fn total(&self, connection: &mut Connection, person: usize, query: &str) -> Result<u64> {
        let path = format!("/v1/search/messages?{query}");
        let answer = connection.call("GET", &path, Some(&self.scene.people[person].token), "").await?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, String::from_utf8_lossy(answer.body));
        total(answer.body).context("no total")
    }

    /// What somebody asks of a kind, operators and parameters by turns; the newest first every other time.
    fn question(&self, random: &mut StdRng, kind: usize) -> String {
        let (texts, is_typed) = (&self.texts, random.random_range(0..2) == 0);
        let q = |text: String| format!("q={}", percent_encoded(&text));
        let (word, other) = (texts.word(random), random.random_range(0..PEOPLE));
        let question = match KINDS[kind] {
            "a word" => q(word),
            "a rare word" => q(texts.rare(random)),
            "two words" => {
                let three = texts.neighbours(random, 3);
                q(format!("{} {}", three[2], three[0]))
            }
            "a phrase" => {
                let count = random.random_range(2..4);
                q(format!("\"{}\"", texts.neighbours(random, count).join(" ")))
            }
            "a beginning" => {
                let length = random.random_range(2..5);
                q(format!("{}*", texts.rare(random).chars().take(length).collect::<String>()))
            }
            "without a word" => q(format!("{word} -{}", texts.word(random))),
            "by somebody" if is_typed => q(format!("{word} from:{}", username(other))),
            "by somebody" => format!("{}&sender_id={}", q(word), self.scene.people[other].id),
            "in one conversation" if is_typed => q(format!("{word} in:{}", self.scene.rooms[other % ROOMS])),
            "in one conversation" => format!("{}&conversation_id={}", q(word), self.scene.rooms[other % ROOMS]),
            "of some weeks" => {
                let begin = random.random_range(30..365);
                let (from, until) = (day(begin), day(begin - 28));
                match is_typed {
                    true => q(format!("{word} after:{from} before:{until}")),
                    false => format!("{}&date_from={from}&date_to={until}", q(word)),
                }
            }
            _ if is_typed => q(format!("{word} has:link")),
            _ => format!("{}&has=reaction", q(word)),
        };
        format!("{question}&sort={}", ["relevance", "recent"][random.random_range(0..2)])
    }
}

/// Read without the rest, which would cost the generator much of what is measured.
fn total(answer: &[u8]) -> Option<u64> {
    const NAME: &str = "\"total\":";
    let text = std::str::from_utf8(answer).ok()?;
    let digits = &text[text.rfind(NAME)? + NAME.len()..];
    digits[..digits.find(|c: char| !c.is_ascii_digit())?].parse().ok()
}

/// So many days ago.
fn day(ago: i64) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_micros());
    let day = Time::from_micros(now as i64).plus_seconds(-ago * 86_400).to_string();
    day[..10].to_owned()
}

/// Until everything that can be asked is there.
async fn until_ready(address: SocketAddr) -> Result<()> {
    until(address, |ready| {
        let head = &ready["log"]["position"];
        let all = ready["projections"].as_array();
        all.is_some_and(|all| all.iter().all(|one| one["position"] == *head && one["state"] == "running"))
    })
    .await
}

async fn until_indexed(address: SocketAddr) -> Result<()> {
    until(address, |ready| {
        let search = ready["projections"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "search"));
        search.is_some_and(|search| search["position"] == ready["log"]["position"] && search["state"] == "running")
    })
    .await
}

async fn until(address: SocketAddr, is_so: impl Fn(&Value) -> bool) -> Result<()> {
    let (mut connection, started) = (Connection::open(address).await?, Instant::now());
    loop {
        let ready: Value = connection.call("GET", "/readyz", None, "").await?.json()?;
        if is_so(&ready) {
            return Ok(());
        }
        ensure!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {ready}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn memory(server: &Server) -> Result<Value> {
    Ok(json!({"resident_mib": server.resident_kib()? / 1024, "anonymous_mib": server.anonymous_kib()? / 1024}))
}

/// 8 clients that ask one question after the other, while as many senders send from due times.
async fn questions(load: &Rc<Load>, args: &Args, server: &Server) -> Result<()> {
    let end = Instant::now() + Duration::from_secs_f64(args.seconds);
    let background = tokio::task::spawn_local(background(load.clone(), BACKGROUND_PER_S, end));
    let (found, mut clients) = (Rc::new(Cell::new(0_u64)), Vec::new());
    for client in 0..CLIENTS {
        let (load, found) = (load.clone(), found.clone());
        clients.push(tokio::task::spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(load.scene.address).await?, kinds());
            let mut random = StdRng::seed_from_u64(1_000 + client as u64);
            while Instant::now() < end {
                let kind = random.random_range(0..KINDS.len());
                let (question, person) = (load.question(&mut random, kind), random.random_range(0..PEOPLE));
                let began = Instant::now();
                let total = load.total(&mut connection, person, &question).await?;
                latencies[kind].record(began.elapsed());
                found.set(found.get() + u64::from(total > 0));
            }
            anyhow::Ok(latencies)
        }));
    }
    let (mut all, mut of_kinds) = (Latencies::new(), kinds());
    for client in clients {
        for (sum, one) in of_kinds.iter_mut().zip(client.await??) {
            sum.add(&one);
            all.add(&one);
        }
    }
    let sent = background.await??;
    let p95: Map<String, Value> =
        KINDS.iter().zip(&of_kinds).map(|(kind, one)| ((*kind).to_owned(), json!(one.milliseconds(0.95)))).collect();
    print(json!({"scenario": "search", "phase": "8 clients, mixed questions, 200 messages/s meanwhile",
                 "messages": args.messages, "p95_ms": all.milliseconds(0.95), "answered": all.json(),
                 "questions_per_s": (all.count() as f64 / args.seconds).round(), "with_hits": found.get(),
                 "questions": all.count(), "p95_ms_by_kind": p95, "a_message_meanwhile": sent.json(),
                 "mean_sync_ms": mean_sync_ms(server.address).await?, "memory": memory(server)?}));
    Ok(())
}

fn kinds() -> Vec<Latencies> {
    KINDS.iter().map(|_| Latencies::new()).collect()
}

async fn background(load: Rc<Load>, per_s: f64, end: Instant) -> Result<Latencies> {
    let (start, mut senders) = (Instant::now(), Vec::new());
    for sender in 0..CLIENTS {
        let load = load.clone();
        senders.push(tokio::task::spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(load.scene.address).await?, Latencies::new());
            let mut random = StdRng::seed_from_u64(77 + sender as u64);
            for number in (sender..).step_by(CLIENTS) {
                let due = start + Duration::from_secs_f64(number as f64 / per_s);
                if due >= end {
                    break;
                }
                tokio::time::sleep_until(due.into()).await;
                load.scene.send(&mut connection, number, &load.texts.text(&mut random)).await?;
                latencies.record(due.elapsed());
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Latencies::new();
    for sender in senders {
        latencies.add(&sender.await??);
    }
    Ok(latencies)
}

/// How long after it was due a message is found, at 1,000 a second.
async fn findable(load: &Rc<Load>, args: &Args, server: &Server) -> Result<()> {
    let (start, count) = (Instant::now(), (FINDABLE_PER_S * args.seconds) as usize);
    // Data that is kept has the marks of other runs.
    let run: u32 = rand::random();
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let load = load.clone();
        senders.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(load.scene.address).await?;
            let (mut random, mut lookups) = (StdRng::seed_from_u64(2_000 + sender as u64), Vec::new());
            for number in (sender..count).step_by(SENDERS) {
                let due = start + Duration::from_secs_f64(number as f64 / FINDABLE_PER_S);
                tokio::time::sleep_until(due.into()).await;
                let mark = format!("mark{run}x{number}");
                load.scene.send(&mut connection, number, &format!("{mark} {}", load.texts.text(&mut random))).await?;
                if number % LOOKED_FOR == 0 {
                    lookups.push(tokio::task::spawn_local(look_for(load.clone(), number, mark, due)));
                }
            }
            let mut latencies = Latencies::new();
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
        json!({"scenario": "search", "phase": "found after it was due, at 1,000 messages/s", "messages": args.messages,
                 "p95_ms": latencies.milliseconds(0.95), "found": latencies.json(), "looked_for": latencies.count(),
                 "memory": memory(server)?}),
    );
    Ok(())
}

/// Without saying that it must be there: nobody waits for it.
async fn look_for(load: Rc<Load>, number: usize, mark: String, due: Instant) -> Result<Duration> {
    let mut connection = Connection::open(load.scene.address).await?;
    let (person, query) = (member_of(number % ROOMS, 1), format!("q={mark}"));
    while load.total(&mut connection, person, &query).await? == 0 {
        ensure!(due.elapsed() < PATIENCE, "{mark} is not found");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(due.elapsed())
}

/// The index alone is lost, and built while the server serves; the start of the server is in it.
async fn from_nothing(args: &Args, data: &Path) -> Result<()> {
    tokio::fs::remove_dir_all(data.join("search")).await?;
    let started = Instant::now();
    let server = Server::tidings(&args.binaries, data).await?;
    until_indexed(server.address).await?;
    let seconds = started.elapsed().as_secs_f64();
    print(
        json!({"scenario": "search", "phase": "the index from nothing, the start included", "messages": args.messages,
                 "seconds": (seconds * 100.0).round() / 100.0,
                 "messages_per_s": (args.messages as f64 / seconds).round(),
                 "cpu_seconds": server.cpu_seconds()?, "memory": memory(&server)?}),
    );
    server.stop().await
}
