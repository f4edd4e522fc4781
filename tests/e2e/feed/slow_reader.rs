//! A client that does not read.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tests::both_modes;
use tests::feed::number;
use tests::wait::eventually;
use tokio::net::TcpSocket;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Enough for every buffer on the way.
const MESSAGES: usize = 60;

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
        let live = world.app().live.clone();
        eventually("the reader is cut", async || (live.open_sockets() == 1).then_some(())).await;
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
}
