//! `resume`: somebody who missed 10,000 messages comes back, again and again, while 1,000 messages a second are sent
//! elsewhere: how long until everything was caught up, and what the server keeps resident for it.

use crate::Args;
use crate::connection::Connection;
use crate::feed_client::Socket;
use crate::measure::{Latencies, print};
use crate::pairs::mean_sync_ms;
use crate::populate::{self, Person, TEXT};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const MISSED: usize = 10_000;
const SENDERS: usize = 64;
const RATE_PER_S: f64 = 1_000.0;
const RESUMES: usize = 20;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let server = Rc::new(Server::tidings(&args.binaries, &scratch.path().join("data")).await?);
    let people = Rc::new(populate::people(server.address, SENDERS + 1).await?);
    let mut connection = Connection::open(server.address).await?;
    let reader = &people[SENDERS];
    let theirs = populate::group(&mut connection, &people[0], &[&people[1], reader]).await?;
    let mut elsewhere = Vec::new();
    for n in 0..SENDERS {
        let others = [&people[(n + 1) % SENDERS], &people[(n + 2) % SENDERS]];
        elsewhere.push(populate::group(&mut connection, &people[n], &others).await?);
    }
    let from = position(server.address, reader).await?;
    let local = LocalSet::new();
    local
        .run_until(async {
            send(server.address, &people, &Rc::new(vec![theirs.clone(); SENDERS]), 2, f64::MAX, &mut |n| n < MISSED)
                .await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            let before = server.anonymous_kib()?;
            let is_over = Rc::new(Cell::new(false));
            let (others, rooms, over) = (people.clone(), Rc::new(elsewhere), is_over.clone());
            let address = server.address;
            let load = tokio::task::spawn_local(async move {
                send(address, &others, &rooms, SENDERS, RATE_PER_S, &mut |_| !over.get()).await
            });
            tokio::time::sleep(Duration::from_secs(1)).await;
            let watch = tokio::task::spawn_local(most_memory(server.clone(), is_over.clone()));
            let mut latencies = Latencies::new();
            for _ in 0..RESUMES {
                latencies.record(resume(server.address, reader, &from).await?);
            }
            is_over.set(true);
            load.await??;
            let most = watch.await??;
            print(json!({"scenario": "resume", "missed": MISSED, "sends_per_s_elsewhere": RATE_PER_S,
                         "caught_up": latencies.json(), "mean_sync_ms": mean_sync_ms(server.address).await?,
                         "anonymous_mib_before": before / 1024, "anonymous_mib_at_most": most / 1024,
                         "resident_mib": server.resident_kib()? / 1024}));
            anyhow::Ok(())
        })
        .await?;
    Rc::into_inner(server).context("still in use")?.stop().await
}

/// The most memory that the server has until it is over, looked at every 10 ms.
async fn most_memory(server: Rc<Server>, is_over: Rc<Cell<bool>>) -> Result<u64> {
    let mut most = 0;
    while !is_over.get() {
        most = most.max(server.anonymous_kib()?);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(most)
}

/// Where somebody's feed stands now.
async fn position(address: SocketAddr, person: &Person) -> Result<String> {
    let mut socket = Socket::open(address, "/v1/feed", Some(&person.token)).await?;
    socket.next(|_| ()).await?;
    socket.say(r#"{"op":"identify"}"#).await?;
    let ready: serde_json::Value = serde_json::from_slice(&socket.next(<[u8]>::to_vec).await?)?;
    Ok(ready["position"].as_str().context("no position")?.to_owned())
}

/// Sends, from due times at this rate, as long as `goes_on` says so of the message with the next number.
async fn send(
    address: SocketAddr,
    people: &Rc<Vec<Person>>,
    rooms: &Rc<Vec<String>>,
    senders: usize,
    rate: f64,
    goes_on: &mut dyn FnMut(usize) -> bool,
) -> Result<()> {
    let mut connections = Vec::new();
    for _ in 0..senders {
        connections.push(Some(Connection::open(address).await?));
    }
    let (start, mut free) = (Instant::now(), connections);
    let (done, mut returned) = tokio::sync::mpsc::channel(senders);
    let mut n = 0;
    while goes_on(n) {
        tokio::time::sleep_until((start + Duration::from_secs_f64(n as f64 / rate)).into()).await;
        while free.iter().all(Option::is_none) {
            let (at, connection) = returned.recv().await.context("no sender is left")?;
            free[at] = Some(connection);
        }
        let at = free.iter().position(Option::is_some).context("no connection")?;
        let Some(mut connection) = free[at].take() else { continue };
        let (people, rooms, done) = (people.clone(), rooms.clone(), done.clone());
        tokio::task::spawn_local(async move {
            let (path, body) = (format!("/v1/conversations/{}/messages", rooms[at]), json!({"text": TEXT}).to_string());
            let status =
                connection.call("POST", &path, Some(&people[at].token), &body).await.map(|answer| answer.status);
            if matches!(status, Ok(201)) {
                done.send((at, connection)).await.ok();
            }
        });
        n += 1;
        while let Ok((at, connection)) = returned.try_recv() {
            free[at] = Some(connection);
        }
    }
    Ok(())
}

/// Resumes and waits until everything that was missed is there.
async fn resume(address: SocketAddr, person: &Person, from: &str) -> Result<Duration> {
    let mut socket = Socket::open(address, "/v1/feed", Some(&person.token)).await?;
    socket.next(|_| ()).await?;
    let start = Instant::now();
    socket.say(&json!({"op": "resume", "position": from}).to_string()).await?;
    let (mut events, mut is_over) = (0, false);
    while !is_over {
        socket
            .read(|text| {
                events += usize::from(text.starts_with(br#"{"op":"event""#));
                is_over |= text.starts_with(br#"{"op":"caught_up""#);
            })
            .await?;
    }
    ensure!(events >= MISSED, "only {events} of {MISSED} came");
    Ok(start.elapsed())
}
