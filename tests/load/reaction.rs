//! `reaction`: reactions to messages of somebody else, 100 a second from their due times, until the frame is at the other's
//! socket; then 100 people who react to one message at the same moment.

use crate::Args;
use crate::connection::Connection;
use crate::feed::identified;
use crate::measure::{Latencies, print};
use crate::pairs::mean_sync_ms;
use crate::populate::{self, Person, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const PAIRS: usize = 50;
const RATE_PER_S: f64 = 100.0;
/// Reactions to one message, at most: a message takes 100 different ones.
const PER_MESSAGE: usize = 90;
/// Stands before the number of a reaction in its emoji.
const MARK: &[u8] = b":load_";

/// When each reaction reached the other's socket.
type Seen = RefCell<Vec<Option<Instant>>>;

/// Messages of each pair, that its first person wrote.
type Messages = Vec<Vec<String>>;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, PAIRS * 2).await?);
    let seconds = args.seconds + 1.0;
    let messages =
        Rc::new(talk(server.address, &people, (seconds * RATE_PER_S) as usize / PAIRS / PER_MESSAGE + 1).await?);
    let (seen, local): (Rc<Seen>, _) = (Rc::default(), LocalSet::new());
    for person in &people[..PAIRS] {
        let (mut socket, seen) = (identified(server.address, person).await?, seen.clone());
        local.spawn_local(async move { while socket.read(|text| note(&seen, text)).await.is_ok() {} });
    }
    let latencies = local.run_until(open_loop(server.address, seconds, &people, &messages, &seen)).await?;
    let sync_ms = mean_sync_ms(server.address).await?;
    print(json!({"scenario": "reaction", "rate_per_s": RATE_PER_S, "at_the_others_socket": latencies.json(),
                 "mean_sync_ms": sync_ms}));

    let others: Vec<&Person> = people[1..].iter().collect();
    let (latencies, counted) = local.run_until(all_at_once(server.address, &people, &others)).await?;
    print(json!({"scenario": "reaction", "at_once": people.len(), "answered": latencies.json(), "counted": counted}));
    ensure!(counted == people.len() as u64, "reactions are missing");
    server.stop().await
}

async fn talk(address: SocketAddr, people: &[Person], messages: usize) -> Result<Messages> {
    let mut connection = Connection::open(address).await?;
    let mut all = Messages::new();
    for n in 0..PAIRS {
        let (author, other) = (&people[n], &people[n + PAIRS]);
        let body = json!({"type": "direct", "participant_id": other.id}).to_string();
        let room = connection.call("POST", "/v1/conversations", Some(&author.token), &body).await?.json()?;
        let room = room["id"].as_str().context("no conversation")?.to_owned();
        let mut of_pair = Vec::new();
        for _ in 0..messages {
            of_pair.push(say(&mut connection, author, &room).await?);
        }
        all.push(of_pair);
    }
    Ok(all)
}

async fn say(connection: &mut Connection, who: &Person, room: &str) -> Result<String> {
    let (path, body) = (format!("/v1/conversations/{room}/messages"), json!({"text": TEXT}).to_string());
    let answer = connection.call("POST", &path, Some(&who.token), &body).await?;
    ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(answer.json()?["id"].as_str().context("no message")?.to_owned())
}

async fn react(connection: &mut Connection, who: &Person, message: &str, emoji: &str) -> Result<()> {
    let (path, body) = (format!("/v1/messages/{message}/reactions"), json!({"emoji": emoji}).to_string());
    let answer = connection.call("POST", &path, Some(&who.token), &body).await?;
    ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(())
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

/// Without the first second.
async fn open_loop(
    address: SocketAddr,
    seconds: f64,
    people: &Rc<Vec<Person>>,
    messages: &Rc<Messages>,
    seen: &Rc<Seen>,
) -> Result<Latencies> {
    let (start, count) = (Instant::now(), (seconds * RATE_PER_S) as usize);
    let due = move |n: usize| start + Duration::from_secs_f64(n as f64 / RATE_PER_S);
    let mut reacting = Vec::new();
    for pair in 0..PAIRS {
        let (people, messages) = (people.clone(), messages.clone());
        reacting.push(tokio::task::spawn_local(async move {
            let mut connection = Connection::open(address).await?;
            for n in (pair..count).step_by(PAIRS) {
                tokio::time::sleep_until(due(n).into()).await;
                let message = &messages[pair][n / PAIRS / PER_MESSAGE];
                react(&mut connection, &people[pair + PAIRS], message, &format!(":load_{n}:")).await?;
            }
            anyhow::Ok(())
        }));
    }
    for one in reacting {
        one.await??;
    }
    let mut latencies = Latencies::new();
    let patience = Instant::now() + Duration::from_secs(20);
    for n in RATE_PER_S as usize..count {
        loop {
            if let Some(at) = seen.borrow().get(n).copied().flatten() {
                latencies.record(at - due(n));
                break;
            }
            ensure!(Instant::now() < patience, "reaction {n} did not arrive");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(latencies)
}

/// Everybody reacts to one message at the same moment; how long each waits, and what is counted afterwards.
async fn all_at_once(address: SocketAddr, people: &Rc<Vec<Person>>, others: &[&Person]) -> Result<(Latencies, u64)> {
    let mut connection = Connection::open(address).await?;
    let room = populate::group(&mut connection, &people[0], others).await?;
    let message = Rc::new(say(&mut connection, &people[0], &room).await?);
    let mut connections = Vec::new();
    for _ in 0..people.len() {
        connections.push(Connection::open(address).await?);
    }
    let start = Instant::now();
    let mut reacting = Vec::new();
    for (n, mut connection) in connections.into_iter().enumerate() {
        let (people, message) = (people.clone(), message.clone());
        reacting.push(tokio::task::spawn_local(async move {
            react(&mut connection, &people[n], &message, ":load:").await?;
            anyhow::Ok(start.elapsed())
        }));
    }
    let mut latencies = Latencies::new();
    for one in reacting {
        latencies.record(one.await??);
    }
    // The read model is a moment behind.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let seen = connection.call("GET", &format!("/v1/messages/{message}"), Some(&people[1].token), "").await?.json()?;
    Ok((latencies, seen["reactions"][0]["count"].as_u64().unwrap_or_default()))
}
