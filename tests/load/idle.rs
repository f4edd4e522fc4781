//! `idle`: 100 accounts with 100 sockets each, or as many as the file limit allows; what each keeps resident, how long all
//! of them take to get an answer to a heartbeat, and how long after a restart until all have resumed.

use crate::Args;
use crate::feed::identified;
use crate::feed_client::Socket;
use crate::measure::print;
use crate::populate::{self, Person};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 100;
const SOCKETS_AN_ACCOUNT: usize = 100;
/// Sockets that are opened at the same time.
const AT_ONCE: usize = 64;
/// Files that the generator and the server need for themselves.
const OTHER_FILES: usize = 200;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let data = scratch.path().join("data");
    let server = Server::tidings(&args.binaries, &data).await?;
    let people = populate::people(server.address, ACCOUNTS).await?;
    let count = (ACCOUNTS * SOCKETS_AN_ACCOUNT).min(file_limit()?.saturating_sub(OTHER_FILES));
    tokio::time::sleep(Duration::from_secs(2)).await;

    let before = server.resident_kib()?;
    let start = Instant::now();
    let mut sockets = open(server.address, &people, count, None).await?;
    let opened_s = start.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let resident = server.resident_kib()?.saturating_sub(before);

    let start = Instant::now();
    for socket in &mut sockets {
        socket.say(r#"{"op":"heartbeat"}"#).await?;
    }
    for socket in &mut sockets {
        let is_answer = socket.next(|text| text == br#"{"op":"heartbeat_ack"}"#).await?;
        ensure!(is_answer, "a heartbeat was not answered");
    }
    let heartbeats_s = start.elapsed().as_secs_f64();
    let after = server.resident_kib()?.saturating_sub(before);

    server.stop().await?;
    drop(sockets);
    let server = Server::tidings(&args.binaries, &data).await?;
    let start = Instant::now();
    let sockets = open(server.address, &people, count, Some("1")).await?;
    let resumed_s = start.elapsed().as_secs_f64();
    print(json!({"scenario": "idle", "sockets": count, "kib_each": round(resident as f64 / count as f64),
                 "kib_each_after_heartbeats": round(after as f64 / count as f64), "opened_in_s": round(opened_s),
                 "heartbeats_of_all_in_s": round(heartbeats_s), "resumes_of_all_in_s": round(resumed_s)}));
    drop(sockets);
    server.stop().await
}

async fn open(address: SocketAddr, people: &[Person], count: usize, from: Option<&str>) -> Result<Vec<Socket>> {
    futures_util::stream::iter(0..count)
        .map(|n| async move {
            let person = &people[n % people.len()];
            match from {
                None => identified(address, person).await,
                Some(from) => resumed(address, person, from).await,
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn resumed(address: SocketAddr, person: &Person, from: &str) -> Result<Socket> {
    let mut socket = Socket::open(address, "/v1/feed", Some(&person.token)).await?;
    socket.next(|_| ()).await?;
    socket.say(&json!({"op": "resume", "position": from}).to_string()).await?;
    while !socket.next(|text| text.starts_with(br#"{"op":"caught_up""#)).await? {}
    Ok(socket)
}

/// Open files that this process may have; the server, its child, has the same.
fn file_limit() -> Result<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).context("no limit of open files")?;
    Ok(line.split_whitespace().nth(3).context("no figure")?.parse()?)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
