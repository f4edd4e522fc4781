//! `hot`: 64 senders in one conversation; every reader sees 1..N without a gap.

use crate::Args;
use crate::connection::Connection;
use crate::measure::print;
use crate::populate::{self, Person, TEXT};
use crate::send::{drain, floor_peak, ratio, workers};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::rc::Rc;
use tokio_tungstenite::tungstenite::Message;

const SENDERS: usize = 64;

pub async fn run(args: &Args) -> Result<()> {
    let scratch = tempfile::tempdir_in(&args.scratch)?;
    let floor = floor_peak(args, &scratch.path().join("floor.log")).await?;
    let server = Server::tidings(&args.binaries, &scratch.path().join("data")).await?;
    let people = Rc::new(populate::people(server.address, SENDERS).await?);
    let mut connection = Connection::open(server.address).await?;
    let others: Vec<_> = people[1..].iter().collect();
    let conversation = populate::group(&mut connection, &people[0], &others).await?;
    let path = format!("/v1/conversations/{conversation}/messages");
    let body = json!({"text": TEXT}).to_string();
    let make = {
        let people = people.clone();
        move |worker: usize, _| (path.clone(), people[worker].token.clone(), body.clone())
    };
    let (warm, _) = workers(server.address, 1.0, make.clone()).await?;
    let (peak, latencies) = workers(server.address, args.seconds, make).await?;
    let drained = drain(server.address).await?;
    let sent = last_seq(&mut connection, &people[0], &conversation).await?;
    let pages = pages_without_gap(&mut connection, &people[1], &conversation, sent).await?;
    let from = sent.saturating_sub(50_000).max(1);
    let position = position_of(&mut connection, &people[2], &conversation, from).await?;
    let frames = feed_without_gap(server.address, &people[2], &position, from, sent).await?;
    print(json!({"scenario": "hot", "per_s": peak.round(), "floor_per_s": floor.round(), "ratio": ratio(peak, floor),
                 "warm_up_per_s": warm.round(), "latency": latencies.json(), "drain_s": drained, "sent": sent,
                 "read_in_order_by_pages": pages, "read_in_order_by_feed": frames}));
    server.stop().await
}

async fn last_seq(connection: &mut Connection, person: &Person, conversation: &str) -> Result<u64> {
    let path = format!("/v1/conversations/{conversation}/messages?limit=1");
    let page = connection.call("GET", &path, Some(&person.token), "").await?.json()?;
    page["items"][0]["seq"].as_u64().context("no message")
}

/// Reads the first ten thousand and the last page, and checks that every sequence number is there once.
async fn pages_without_gap(connection: &mut Connection, person: &Person, conversation: &str, last: u64) -> Result<u64> {
    let mut seen = 0;
    while seen < last.min(10_000) {
        let path = format!("/v1/conversations/{conversation}/messages?after={seen}&limit=100");
        let page = connection.call("GET", &path, Some(&person.token), "").await?.json()?;
        for item in page["items"].as_array().context("no items")? {
            ensure!(item["seq"].as_u64() == Some(seen + 1), "a gap after {seen}");
            seen += 1;
        }
    }
    Ok(seen)
}

async fn position_of(connection: &mut Connection, person: &Person, conversation: &str, seq: u64) -> Result<String> {
    let path = format!("/v1/messages/{conversation}-{seq}");
    let message = connection.call("GET", &path, Some(&person.token), "").await?.json()?;
    Ok(message["position"].as_str().context("no position")?.to_owned())
}

/// Resumes a feed after message `from` and checks that every one up to `last` comes once, in order. Gives how many.
async fn feed_without_gap(address: SocketAddr, person: &Person, position: &str, from: u64, last: u64) -> Result<u64> {
    let (mut socket, _) = tokio_tungstenite::connect_async(format!("ws://{address}/v1/feed")).await?;
    let resume = json!({"op": "resume", "position": position, "token": person.token}).to_string();
    socket.send(Message::text(resume)).await?;
    let mut seen = from;
    while seen < last {
        let Message::Text(text) = socket.next().await.context("the feed ended")?? else { continue };
        let frame: Value = serde_json::from_str(&text)?;
        ensure!(frame["op"] != "reset", "the feed did not resume: {text}");
        if frame["type"] == "message.sent" {
            ensure!(frame["data"]["seq"].as_u64() == Some(seen + 1), "a gap after {seen}: {text}");
            seen += 1;
        }
    }
    Ok(last - from)
}
