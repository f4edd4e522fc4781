//! A client that does not read.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tests::both_modes;
use tests::feed::number;
use tests::wait::{eventually, soon};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Enough for every buffer on the way.
const MESSAGES: usize = 60;
/// Enough for a connection over which HTTP is spoken, and for what waits beside it.
const STREAMED: u64 = 100;

both_modes! {
    async fn a_reader_that_never_reads_is_cut_and_can_resume_and_others_do_not_suffer(world: &mut World) {
        let (alice, bob, carol, room) = world.three_in_a_room().await;
        let mut unhindered = carol.feed().await;
        let address = world.http.base.strip_prefix("http://").unwrap().parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let mut request = format!("ws://{address}/v1/feed").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {}", bob.token).parse().unwrap());
        let (mut stuck, _) = client_async(request, stream).await.unwrap();
        stuck.send(Message::text(r#"{"op":"identify"}"#)).await.unwrap();
        let ready = loop {
            let frame: Value = serde_json::from_str(stuck.next().await.unwrap().unwrap().to_text().unwrap()).unwrap();
            if frame["op"] == "ready" {
                break frame;
            }
        };
        let long = "x".repeat(10_000);
        for _ in 0..MESSAGES {
            alice.sends(&long, &room).await;
            unhindered.event("message.sent").await;
        }
        let since = Instant::now();
        let live = world.app().live.clone();
        eventually("the reader is cut", async || (live.open_sockets() == 1).then_some(())).await;
        let took = since.elapsed();
        assert!(took <= Duration::from_secs(10), "{took:?}");
        // What the system had taken comes, and then the end.
        let mut got = 0;
        while let Some(Ok(Message::Text(_))) = stuck.next().await {
            got += 1;
        }
        assert!(got < MESSAGES, "{got}");
        let mut resumed = bob.resumes(&number(&ready["position"]).to_string()).await;
        let missed = resumed.catches_up().await;
        let seqs: Vec<_> = missed.iter().filter(|f| f["type"] == "message.sent").map(|f| &f["data"]["seq"]).collect();
        assert_eq!(seqs, (1..=MESSAGES).map(|seq| json!(seq)).collect::<Vec<_>>().iter().collect::<Vec<_>>());
        resumed.closes().await;
        unhindered.closes().await;
    }

    async fn a_reader_of_a_stream_that_never_reads_is_cut_keeps_little_and_can_come_back(world: &mut World) {
        let (alice, bob, room) = world.two_in_a_room().await;
        bob.sees(&room).await;
        let address = world.http.base.strip_prefix("http://").unwrap().parse().unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let mut stuck = socket.connect(address).await.unwrap();
        let request = format!(
            "GET /v1/feed/events HTTP/1.1\r\nhost: tidings\r\naccept: text/event-stream\r\n\
             authorization: Bearer {}\r\n\r\n",
            bob.token
        );
        stuck.write_all(request.as_bytes()).await.unwrap();
        let live = world.app().live.clone();
        eventually("the stream is open", async || (live.open_sockets() == 1).then_some(())).await;
        let long = "x".repeat(10_000);
        for _ in 0..STREAMED {
            alice.sends(&long, &room).await;
        }
        let since = Instant::now();
        eventually("the reader is cut", async || (live.open_sockets() == 0).then_some(())).await;
        let took = since.elapsed();
        assert!(took <= Duration::from_secs(10), "{took:?}");
        let mut text = Vec::new();
        soon("what the system had taken", stuck.read_to_end(&mut text)).await.unwrap();
        assert!(text.len() <= 256 << 10, "{} bytes were kept for who does not read", text.len());

        let text = String::from_utf8_lossy(&text);
        let ids = text.split("\n\n").filter_map(|event| event.split_once("id: ")?.1.lines().next());
        // The last one may be broken off.
        let ids: Vec<&str> = ids.collect();
        let after = ids[ids.len() - 2];
        let (mut after, mut seqs) = (after.to_owned(), Vec::new());
        loop {
            let page = bob.get(&format!("/v1/feed/events?after={after}&limit=100")).await.ok(200);
            seqs.extend(page["items"].as_array().unwrap().iter().map(|frame| frame["data"]["seq"].as_u64().unwrap()));
            after = page["position"].as_str().unwrap().to_owned();
            if page["has_more"] == false {
                break;
            }
        }
        let first = seqs[0];
        assert!(first > 1 && first < STREAMED);
        assert_eq!(seqs, (first..=STREAMED).collect::<Vec<_>>(), "the rest, in order");
    }
}
