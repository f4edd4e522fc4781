//! `pairs`: one to one. Each message goes to one other person's socket; 100 a second and 10,000 a second from their due
//! times; the floor's `/durable` and `/ws` with a single socket before it, driven in the same way.

use crate::Args;
use crate::connection::Connection;
use crate::feed::identified;
use crate::feed_client::Socket;
use crate::measure::{Latencies, print};
use crate::populate::{self, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const PAIRS: usize = 64;
const RATES_PER_S: [f64; 2] = [100.0, 10_000.0];
/// Stands before the number of a message in its text.
const MARK: &[u8] = b"#load:";

/// When each message reached its socket.
type Seen = RefCell<Vec<Option<Instant>>>;

/// Path, token and body of a message with a number from a sender.
type Make = Rc<dyn Fn(usize, usize) -> (String, Option<String>, String)>;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let floor = Server::floor(&args.floor, &scratch.path().join("floor.log")).await?;
    let make: Make = Rc::new(|number, _| {
        let body = json!({"room": "room", "id": "0123456789", "sender": "sender", "text": text(number)}).to_string();
        ("/durable".to_owned(), None, body)
    });
    let mut socket = Socket::open(floor.address, "/ws", None).await?;
    socket.next(|_| ()).await?;
    let floor_figures = measure(floor.address, args.seconds, vec![socket], make).await?;
    floor.stop().await?;

    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, PAIRS * 2).await?);
    let mut connection = Connection::open(server.address).await?;
    let mut rooms = Vec::new();
    for n in 0..PAIRS {
        let body = json!({"type": "direct", "participant_id": people[n + PAIRS].id}).to_string();
        let answer = connection.call("POST", "/v1/conversations", Some(&people[n].token), &body).await?.json()?;
        rooms.push(answer["id"].as_str().context("no conversation")?.to_owned());
    }
    let mut sockets = Vec::new();
    for person in &people[PAIRS..] {
        sockets.push(identified(server.address, person).await?);
    }
    let make: Make = {
        let people = people.clone();
        Rc::new(move |number, sender| {
            let body = json!({"text": text(number)}).to_string();
            (format!("/v1/conversations/{}/messages", rooms[sender]), Some(people[sender].token.clone()), body)
        })
    };
    let figures = measure(server.address, args.seconds, sockets, make).await?;
    let sync_ms = mean_sync_ms(server.address).await?;
    server.stop().await?;
    for ((rate, latencies), (_, floor)) in figures.iter().zip(&floor_figures) {
        print(json!({"scenario": "pairs", "rate_per_s": rate, "delivered": latencies.json(), "floor": floor.json(),
                     "mean_sync_ms": sync_ms}));
    }
    Ok(())
}

async fn measure(address: SocketAddr, seconds: f64, sockets: Vec<Socket>, make: Make) -> Result<Vec<(f64, Latencies)>> {
    let seen: Rc<Seen> = Rc::default();
    let local = LocalSet::new();
    for mut socket in sockets {
        let seen = seen.clone();
        local.spawn_local(async move { while socket.read(|text| note(&seen, text)).await.is_ok() {} });
    }
    local
        .run_until(async {
            let (mut first, mut figures) = (0, Vec::new());
            for rate in RATES_PER_S {
                first += open_loop(address, 1.0, rate, first, &seen, &make).await?.count() as usize;
                let latencies = open_loop(address, seconds, rate, first, &seen, &make).await?;
                first += latencies.count() as usize;
                figures.push((rate, latencies));
            }
            Ok(figures)
        })
        .await
}

fn note(seen: &Seen, text: &[u8]) {
    let Some(at) = text.windows(MARK.len()).position(|window| window == MARK) else { return };
    let digits = text[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let number = digits.fold(0, |number: usize, digit| number * 10 + usize::from(digit - b'0'));
    let mut seen = seen.borrow_mut();
    if seen.len() <= number {
        seen.resize(number + 1, None);
    }
    seen[number] = Some(Instant::now());
}

async fn open_loop(
    address: SocketAddr,
    seconds: f64,
    rate: f64,
    first: usize,
    seen: &Rc<Seen>,
    make: &Make,
) -> Result<Latencies> {
    let count = (seconds * rate) as usize;
    let start = Instant::now();
    let due = move |n: usize| start + Duration::from_secs_f64(n as f64 / rate);
    let mut senders = Vec::new();
    for sender in 0..PAIRS {
        let make = make.clone();
        senders.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            for n in (sender..count).step_by(PAIRS) {
                tokio::time::sleep_until(due(n).into()).await;
                let (path, token, body) = make(first + n, sender);
                let answer = connection.call("POST", &path, token.as_deref(), &body).await?;
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
            if let Some(at) = seen.borrow().get(first + n).copied().flatten() {
                latencies.record(at - due(n));
                break;
            }
            ensure!(Instant::now() < patience, "message {n} did not arrive");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(latencies)
}

/// The mean of the server's syncs, from its metrics.
pub async fn mean_sync_ms(address: SocketAddr) -> Result<Value> {
    let mut connection = Connection::open(address).await?;
    let text = String::from_utf8_lossy(connection.call("GET", "/metrics", None, "").await?.body).into_owned();
    let figure = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        anyhow::Ok(line.trim().parse::<f64>()?)
    };
    let mean = figure("tidings_log_sync_seconds_sum")? / figure("tidings_log_sync_seconds_count")?;
    Ok(json!((mean * 1e6).round() / 1e3))
}

fn text(number: usize) -> String {
    format!("#load:{number} {TEXT}")
}
