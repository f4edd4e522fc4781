//! `inbox`: somebody in 1,000 conversations looks at their inbox, and at pages of a long conversation.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::populate::{self, Person, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const CONVERSATIONS: usize = 1_000;
const MESSAGES: usize = 2_000;
const READERS: usize = 8;
const RATE_PER_S: f64 = 50.0;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = scratch.path().join("data");
    let server = Server::tidings(&args.binaries, &data).await?;
    let people = populate::people(server.address, 9).await?;
    let reader = Rc::new(Person { id: people[0].id.clone(), token: people[0].token.clone() });
    let mut connection = Connection::open(server.address).await?;
    let mut rooms = Vec::new();
    for n in 0..CONVERSATIONS {
        let (one, other) = (&people[1 + n % 8], &people[1 + (n + 1) % 8]);
        let room = populate::group(&mut connection, one, &[&people[0], other]).await?;
        say(&mut connection, one, &room).await?;
        rooms.push(room);
    }
    let long = rooms.last().context("no conversation")?.clone();
    let author = &people[1 + (CONVERSATIONS - 1) % 8];
    for _ in 0..MESSAGES {
        say(&mut connection, author, &long).await?;
    }
    // The second server has no key in memory and no page of a database.
    server.stop().await?;
    let server = Server::tidings(&args.binaries, &data).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let inbox = |limit| move |_: usize| format!("/v1/conversations?limit={limit}");
    let history =
        move |n: usize| format!("/v1/conversations/{long}/messages?limit=50&before={}", 60 + n * 37 % MESSAGES);
    let local = LocalSet::new();
    for (what, path) in [
        ("inbox, 50 conversations", Rc::new(inbox(50)) as Path),
        ("inbox, 100 conversations", Rc::new(inbox(100)) as Path),
        ("history page, 50 messages", Rc::new(history) as Path),
    ] {
        let first = local.run_until(ask(server.address, 1.0 / RATE_PER_S, &reader, &path)).await?;
        local.run_until(ask(server.address, 1.0, &reader, &path)).await?;
        let latencies = local.run_until(ask(server.address, args.seconds, &reader, &path)).await?;
        print(json!({"scenario": "inbox", "what": what, "conversations": CONVERSATIONS, "rate_per_s": RATE_PER_S,
                     "first_ms": first.milliseconds(1.0), "p95_ms": latencies.milliseconds(0.95),
                     "answered": latencies.json()}));
    }
    server.stop().await
}

/// The path of the question with a number.
type Path = Rc<dyn Fn(usize) -> String>;

async fn say(connection: &mut Connection, who: &Person, room: &str) -> Result<()> {
    let (path, body) = (format!("/v1/conversations/{room}/messages"), json!({"text": TEXT}).to_string());
    let answer = connection.call("POST", &path, Some(&who.token), &body).await?;
    ensure!(answer.status == 201, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
    Ok(())
}

async fn ask(address: SocketAddr, seconds: f64, reader: &Rc<Person>, path: &Path) -> Result<Latencies> {
    let (start, count) = (Instant::now(), (seconds * RATE_PER_S) as usize);
    let mut asking = Vec::new();
    for first in 0..READERS {
        let (reader, path) = (reader.clone(), path.clone());
        asking.push(tokio::task::spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(address).await?, Latencies::new());
            for n in (first..count).step_by(READERS) {
                let due = start + Duration::from_secs_f64(n as f64 / RATE_PER_S);
                tokio::time::sleep_until(due.into()).await;
                let answer = connection.call("GET", &path(n), Some(&reader.token), "").await?;
                ensure!(answer.status == 200, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
                latencies.record(due.elapsed());
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Latencies::new();
    for one in asking {
        latencies.add(&one.await??);
    }
    Ok(latencies)
}
