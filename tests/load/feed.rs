//! `feed`: 500 members with 2 sockets each in one room; 20 messages a second from their due times, and then as many as
//! the server takes; the floor's `/ws` before it, driven in the same way.

use crate::Args;
use crate::connection::Connection;
use crate::feed_client::Socket;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person, TEXT};
use crate::send::ratio;
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const MEMBERS: usize = 500;
const SOCKETS_A_MEMBER: usize = 2;
const RATE_PER_S: f64 = 20.0;
const SENDERS: usize = 16;
/// Messages whose way is shown, the slowest first.
const SLOWEST_SHOWN: usize = 3;
/// Stands before the number of a message in its text.
const MARK: &[u8] = b"#load:";

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let floor = Server::floor(&args.floor, &scratch.path().join("floor.log")).await?;
    let make: Make = Rc::new(|number, _| {
        let body = json!({"room": "room", "id": "0123456789", "sender": "sender", "text": text(number)}).to_string();
        ("/durable".to_owned(), None, body)
    });
    let mut sockets = Vec::new();
    for _ in 0..MEMBERS * SOCKETS_A_MEMBER {
        let mut socket = Socket::open(floor.address, "/ws", None).await?;
        socket.next(|_| ()).await?;
        sockets.push(socket);
    }
    let floor_figures = measure(&floor, args.seconds, sockets, make).await?;
    floor.stop().await?;

    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, MEMBERS).await?);
    let mut connection = Connection::open(server.address).await?;
    let others: Vec<_> = people[1..].iter().collect();
    let room = populate::group(&mut connection, &people[0], &others).await?;
    let make: Make = {
        let people = people.clone();
        Rc::new(move |number, sender| {
            let body = json!({"text": text(number)}).to_string();
            (format!("/v1/conversations/{room}/messages"), Some(people[sender].token.clone()), body)
        })
    };
    let mut sockets = Vec::new();
    for person in people.iter() {
        for _ in 0..SOCKETS_A_MEMBER {
            sockets.push(identified(server.address, person).await?);
        }
    }
    let figures = measure(&server, args.seconds, sockets, make).await?;
    let resident_mib = server.resident_kib()? / 1024;
    server.stop().await?;
    print(json!({"scenario": "feed", "phase": "20 messages/s to 1,000 sockets, last of them",
                 "latency": figures.last.json(), "floor": floor_figures.last.json(),
                 "server_cpu_ms_per_message": figures.cpu_ms, "floor_cpu_ms_per_message": floor_figures.cpu_ms}));
    print(json!({"scenario": "feed", "phase": "peak", "deliveries_per_s": figures.peak.round(),
                 "floor_deliveries_per_s": floor_figures.peak.round(), "ratio": ratio(figures.peak, floor_figures.peak),
                 "resident_mib": resident_mib}));
    Ok(())
}

/// A socket that follows what comes.
pub async fn identified(address: SocketAddr, person: &Person) -> Result<Socket> {
    let mut socket = Socket::open(address, "/v1/feed", Some(&person.token)).await?;
    socket.next(|_| ()).await?;
    socket.say(r#"{"op":"identify"}"#).await?;
    let is_ready = socket.next(|text| text.starts_with(br#"{"op":"ready""#)).await?;
    ensure!(is_ready, "a socket did not become ready");
    Ok(socket)
}

/// Path, token and body of a message with a number from a sender.
type Make = Rc<dyn Fn(usize, usize) -> (String, Option<String>, String)>;

struct Figures {
    last: Latencies,
    peak: f64,
    cpu_ms: f64,
}

struct Seen {
    messages: RefCell<Vec<Message>>,
    deliveries: Cell<u64>,
}

/// How far a message has come.
#[derive(Clone, Default)]
struct Message {
    answered: Option<Instant>,
    /// How many sockets have it, and when the first and the last one had.
    sockets: usize,
    first: Option<Instant>,
    last: Option<Instant>,
}

async fn measure(server: &Server, seconds: f64, sockets: Vec<Socket>, make: Make) -> Result<Figures> {
    let count = sockets.len();
    let seen = Rc::new(Seen { messages: RefCell::default(), deliveries: Cell::new(0) });
    let local = LocalSet::new();
    for mut socket in sockets {
        let seen = seen.clone();
        local.spawn_local(async move { while socket.read(|text| seen.note(text)).await.is_ok() {} });
    }
    local
        .run_until(async {
            open_loop(server, 1.0, 0, count, &seen, &make).await?;
            let (last, cpu_ms) = open_loop(server, seconds, 100_000, count, &seen, &make).await?;
            let peak = peak(server.address, seconds, &seen, &make).await?;
            Ok(Figures { last, peak, cpu_ms })
        })
        .await
}

impl Seen {
    fn note(&self, text: &[u8]) {
        self.deliveries.set(self.deliveries.get() + 1);
        let Some(at) = text.windows(MARK.len()).position(|window| window == MARK) else { return };
        let digits = text[at + MARK.len()..].iter().take_while(|byte| byte.is_ascii_digit());
        let number = digits.fold(0, |number: usize, digit| number * 10 + usize::from(digit - b'0'));
        self.with(number, |message| {
            let now = Instant::now();
            message.sockets += 1;
            message.first.get_or_insert(now);
            message.last = Some(now);
        });
    }

    fn with(&self, number: usize, change: impl FnOnce(&mut Message)) {
        let mut messages = self.messages.borrow_mut();
        if messages.len() <= number {
            messages.resize(number + 1, Message::default());
        }
        change(&mut messages[number]);
    }
}

/// Gives the time from each message's due time until the last socket had it, and the server's CPU for one message.
async fn open_loop(
    server: &Server,
    seconds: f64,
    first: usize,
    sockets: usize,
    seen: &Rc<Seen>,
    make: &Make,
) -> Result<(Latencies, f64)> {
    let count = (seconds * RATE_PER_S) as usize;
    let (start, cpu) = (Instant::now(), server.cpu_seconds()?);
    let due = move |n: usize| start + Duration::from_secs_f64(n as f64 / RATE_PER_S);
    let mut senders = Vec::new();
    for sender in 0..SENDERS {
        let (make, address, seen) = (make.clone(), server.address, seen.clone());
        senders.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            for n in (sender..count).step_by(SENDERS) {
                tokio::time::sleep_until(due(n).into()).await;
                send(&mut connection, &make, first + n, sender).await?;
                seen.with(first + n, |message| message.answered = Some(Instant::now()));
            }
            anyhow::Ok(())
        }));
    }
    for sender in senders {
        sender.await??;
    }
    let (mut latencies, mut slowest) = (Latencies::new(), Vec::new());
    let patience = Instant::now() + Duration::from_secs(20);
    for n in 0..count {
        loop {
            let message = seen.messages.borrow().get(first + n).cloned().unwrap_or_default();
            let reached = message.sockets;
            if reached == sockets {
                let took = message.last.context("no time")? - due(n);
                latencies.record(took);
                slowest.push((took, n, message));
                break;
            }
            ensure!(Instant::now() < patience, "message {n} reached {reached} of {sockets} sockets");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    slowest.sort_by_key(|(took, ..)| std::cmp::Reverse(*took));
    for (took, n, message) in slowest.iter().take(SLOWEST_SHOWN) {
        let after = |at: Option<Instant>| at.map(|at| milliseconds(at - due(*n)));
        eprintln!(
            "message {n}, due {} ms after the start: answered {:?}, first socket {:?}, last {} ms later",
            milliseconds(due(*n) - start),
            after(message.answered),
            after(message.first),
            milliseconds(*took)
        );
    }
    Ok((latencies, ((server.cpu_seconds()? - cpu) * 1e5 / count as f64).round() / 100.0))
}

/// Senders that never pause: deliveries a second over all sockets.
async fn peak(address: SocketAddr, seconds: f64, seen: &Rc<Seen>, make: &Make) -> Result<f64> {
    let end = Instant::now() + Duration::from_secs_f64(seconds + 1.0);
    let mut senders = Vec::new();
    for sender in 0..SENDERS * 4 {
        let make = make.clone();
        senders.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            while Instant::now() < end {
                send(&mut connection, &make, 0, sender).await?;
            }
            anyhow::Ok(())
        }));
    }
    // A second to come to speed.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, since) = (seen.deliveries.get(), Instant::now());
    tokio::time::sleep_until(end.into()).await;
    let per_s = (seen.deliveries.get() - before) as f64 / since.elapsed().as_secs_f64();
    for sender in senders {
        sender.await??;
    }
    Ok(per_s)
}

async fn send(connection: &mut Connection, make: &Make, number: usize, sender: usize) -> Result<()> {
    let (path, token, body) = make(number, sender);
    let answer = connection.call("POST", &path, token.as_deref(), &body).await?;
    ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(())
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

fn text(number: usize) -> String {
    format!("#load:{number} {TEXT}")
}
