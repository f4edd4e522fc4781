//! `keys`: reading the device keys of somebody else, 1,000 a second from their due times.

use crate::Args;
use crate::connection::Connection;
use crate::measure::{Latencies, print};
use crate::populate;
use crate::server::Server;
use anyhow::{Result, ensure};
use serde_json::json;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::task::LocalSet;

const PEOPLE: usize = 64;
const DEVICES: u64 = 4;
const RATE_PER_S: f64 = 1_000.0;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, PEOPLE).await?);
    let mut connection = Connection::open(server.address).await?;
    for person in people.iter() {
        for device in 0..DEVICES {
            let path = format!("/v1/me/devices/00000000-0000-7000-8000-{device:012}/key");
            let body = json!({"algorithm": "x25519", "public_key": "A".repeat(44)}).to_string();
            let answer = connection.call("PUT", &path, Some(&person.token), &body).await?;
            ensure!(answer.status == 200, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
        }
    }
    let (address, start, count) = (server.address, Instant::now(), (RATE_PER_S * args.seconds) as usize);
    let mut readers = Vec::new();
    let local = LocalSet::new();
    for reader in 0..PEOPLE {
        let people = people.clone();
        readers.push(local.spawn_local(async move {
            let (mut connection, mut latencies) = (Connection::open(address).await?, Latencies::new());
            for n in (reader..count).step_by(PEOPLE) {
                let due = start + Duration::from_secs_f64(n as f64 / RATE_PER_S);
                tokio::time::sleep_until(due.into()).await;
                let path = format!("/v1/accounts/{}/keys", people[(n * 7 + 1) % PEOPLE].id);
                let answer = connection.call("GET", &path, Some(&people[reader].token), "").await?;
                ensure!(answer.status == 200, "{} {}", answer.status, String::from_utf8_lossy(answer.body));
                latencies.record(due.elapsed());
            }
            anyhow::Ok(latencies)
        }));
    }
    let mut latencies = Latencies::new();
    local
        .run_until(async {
            for reader in readers {
                latencies.add(&reader.await??);
            }
            anyhow::Ok(())
        })
        .await?;
    print(json!({"scenario": "keys", "rate_per_s": RATE_PER_S, "p95_ms": latencies.milliseconds(0.95),
                 "answered": latencies.json()}));
    server.stop().await
}
