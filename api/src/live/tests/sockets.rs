//! Sockets over real connections, with a clock that tests move.

use super::world::{World, account, conversation};
use crate::auth::caller::Caller;
use crate::auth::lasting::Over;
use crate::live::op::CommandOp;
use crate::live::router::Live;
use crate::live::service::Service;
use crate::live::socket::serve;
use crate::live::wire::{Texts, Wire};
use bytes::{Bytes, BytesMut};
use domain::clock::Time;
use domain::ids::{AccountId, SessionId};
use domain::limits::FEED_QUEUE_MAX_BYTES;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use uuid::Uuid;

/// Serves sockets over a world; a token is an account's number.
struct Desk(Arc<Live>);

impl Service for Desk {
    fn live(&self) -> &Arc<Live> {
        &self.0
    }

    fn caller(&self, token: &str) -> Option<Caller> {
        token.parse().ok().map(|number| caller(account(number)))
    }

    fn lasting(self: Arc<Self>, _: Caller) -> BoxFuture<'static, Over> {
        Box::pin(std::future::pending())
    }

    fn carry_out(self: Arc<Self>, _: Caller, command: CommandOp) -> BoxFuture<'static, Wire> {
        Box::pin(async move { Wire::json(&json!({"op": "ack", "ref": command.reference})) })
    }
}

fn caller(account: AccountId) -> Caller {
    Caller {
        account,
        session: SessionId::new(Uuid::from_u128(7)),
        issued_at: Time::from_micros(0),
        expires_at: Time::from_micros(i64::MAX),
        credential_revision: 0,
        ring: 0,
    }
}

/// A client that reads only when it is told to.
pub struct Client {
    stream: TcpStream,
    read: BytesMut,
    server: tokio::task::JoinHandle<()>,
}

impl Client {
    pub async fn connects(world: &World, who: AccountId) -> Self {
        // A clock that stands still jumps to the next timer also when a connection has something to do.
        #[expect(clippy::disallowed_methods, reason = "it ends with the test")]
        tokio::task::spawn(async {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        let socket = TcpSocket::new_v4().unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        socket.set_recv_buffer_size(4 << 10).unwrap();
        let stream = socket.connect(listener.local_addr().unwrap()).await.unwrap();
        // Small frames do not wait for each other: that would take real time, and the clock is not real.
        stream.set_nodelay(true).unwrap();
        let (accepted, _) = listener.accept().await.unwrap();
        let desk = Arc::new(Desk(Arc::clone(&world.live)));
        let server = world.live.sockets.spawn(serve(desk, accepted, Vec::new(), Some(caller(who))));
        let mut client = Self { stream, read: BytesMut::new(), server };
        assert_eq!(client.next().await["op"], "hello");
        client
    }

    pub async fn identifies(world: &World, who: AccountId) -> Self {
        let mut client = Self::connects(world, who).await;
        client.says(&json!({"op": "identify"})).await;
        assert_eq!(client.next().await["op"], "ready");
        client
    }

    /// Sends a frame under a mask of zeros.
    pub async fn says(&mut self, frame: &Value) {
        let text = frame.to_string();
        let mut bytes = vec![0x81, 0x80 | u8::try_from(text.len()).unwrap(), 0, 0, 0, 0];
        bytes.extend_from_slice(text.as_bytes());
        self.stream.write_all(&bytes).await.unwrap();
    }

    /// The next frame; none at the end. A closing frame is its code.
    async fn next_or_end(&mut self) -> Option<Value> {
        loop {
            if self.read.first() == Some(&0x88) && self.read.len() >= 4 {
                return Some(json!({"closed": u16::from_be_bytes([self.read[2], self.read[3]])}));
            }
            let known = Bytes::copy_from_slice(&self.read);
            if let Some(text) = Texts(known.clone()).next() {
                let header = text.as_ptr() as usize - known.as_ptr() as usize;
                bytes::Buf::advance(&mut self.read, header + text.len());
                return Some(serde_json::from_slice(&text).unwrap());
            }
            if self.stream.read_buf(&mut self.read).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    pub async fn next(&mut self) -> Value {
        self.next_or_end().await.unwrap()
    }
}

fn seq(frame: &Value) -> u64 {
    frame["data"]["seq"].as_u64().unwrap_or_else(|| panic!("no message: {frame}"))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_is_closed_after_two_missed_heartbeats() {
    let world = World::new();
    let mut client = Client::identifies(&world, account(1)).await;
    let since = Instant::now();
    client.says(&json!({"op": "heartbeat"})).await;
    assert_eq!(client.next().await["op"], "heartbeat_ack");
    let bye = client.next().await;
    assert_eq!((&bye["op"], &bye["code"]), (&json!("bye"), &json!(3012)));
    assert_eq!(client.next().await, json!({"closed": 3012}));
    let took = since.elapsed();
    assert!((60..=71).contains(&took.as_secs()), "{took:?}");
    client.server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn heartbeats_keep_a_socket_for_as_long_as_they_come() {
    let world = World::new();
    let mut client = Client::identifies(&world, account(1)).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_secs(30)).await;
        client.says(&json!({"op": "heartbeat"})).await;
        assert_eq!(client.next().await["op"], "heartbeat_ack");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_say_who_it_is_is_closed() {
    let world = World::new();
    let mut client = Client::connects(&world, account(1)).await;
    let since = Instant::now();
    assert_eq!(client.next().await["code"], 3500);
    assert_eq!(since.elapsed().as_secs(), 10);
}

/// The mutant that it kills: a queue without a bound, or one that a reader may leave full for ever.
#[tokio::test(start_paused = true)]
async fn a_reader_that_never_reads_is_cut_within_ten_seconds_and_others_get_everything() {
    let world = World::new();
    let (room, ann, bob) = (conversation(1), account(1), account(2));
    world.create(room, &[ann, bob]).await;
    world.catch_up(&world.live).await;
    let stuck = Client::identifies(&world, ann).await;
    let mut reader = Client::identifies(&world, bob).await;
    let since = Instant::now();
    let text = "x".repeat(5_000);
    for expected in 1..=200 {
        world.send(room, bob, &text).await;
        world.catch_up(&world.live).await;
        assert_eq!(seq(&reader.next().await), expected);
        let waiting = world.waiting_bytes(ann);
        assert!(waiting <= FEED_QUEUE_MAX_BYTES, "{waiting}");
    }
    assert!(since.elapsed() < Duration::from_secs(4), "nobody waited for the one that does not read");
    assert!(world.waiting_bytes(ann) > FEED_QUEUE_MAX_BYTES / 2);
    let since = Instant::now();
    stuck.server.await.unwrap();
    let took = since.elapsed();
    // The patience, the goodbye, and what the system still moves by itself: its delayed acknowledgements come in real time, and
    // the test's clock may have gone on by seconds then.
    assert!(took <= Duration::from_secs(10), "with goodbye: {took:?}");
    assert!(world.live.routes.lock().outboxes(ann).next().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_cut_finds_out_why_if_it_reads_at_last() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    world.catch_up(&world.live).await;
    let mut client = Client::identifies(&world, ann).await;
    let text = "x".repeat(5_000);
    for _ in 0..100 {
        world.send(room, ann, &text).await;
        world.catch_up(&world.live).await;
    }
    while world.live.routes.lock().outboxes(ann).next().is_some() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut expected = 1;
    let bye = loop {
        let frame = client.next().await;
        if frame["op"] == "bye" {
            break frame;
        }
        assert_eq!(seq(&frame), expected, "in order, none left out");
        expected += 1;
    };
    assert!(expected < 100, "what waited is given up");
    assert_eq!((&bye["code"], &bye["reconnect"]), (&json!(3008), &json!(true)));
    assert_eq!(client.next().await, json!({"closed": 3008}));
}

/// The mutant that it kills: going on with live events after some were left out.
#[tokio::test(start_paused = true)]
async fn a_reader_that_falls_behind_gets_everything_once_in_order() {
    let world = World::new();
    let (room, ann) = (conversation(1), account(1));
    world.create(room, &[ann]).await;
    world.catch_up(&world.live).await;
    let mut client = Client::identifies(&world, ann).await;
    let text = "x".repeat(5_000);
    for _ in 0..300 {
        world.send(room, ann, &text).await;
        world.catch_up(&world.live).await;
    }
    for expected in 1..=150 {
        assert_eq!(seq(&client.next().await), expected);
    }
    for _ in 0..100 {
        world.send(room, ann, &text).await;
        world.catch_up(&world.live).await;
    }
    for expected in 151..=400 {
        assert_eq!(seq(&client.next().await), expected);
    }
    client.says(&json!({"op": "heartbeat"})).await;
    assert_eq!(client.next().await["op"], "heartbeat_ack");
    world.send(room, ann, "live again").await;
    world.catch_up(&world.live).await;
    assert_eq!(seq(&client.next().await), 401);
}

#[tokio::test]
async fn commands_are_answered_in_their_order() {
    let world = World::new();
    let mut client = Client::identifies(&world, account(1)).await;
    for n in 0..40 {
        client.says(&json!({"op": "command", "ref": n.to_string(), "name": "Any", "body": {}})).await;
    }
    for n in 0..40 {
        assert_eq!(client.next().await, json!({"op": "ack", "ref": n.to_string()}));
    }
}

#[tokio::test]
async fn the_task_of_a_socket_is_small() {
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let task = serve(Arc::new(Desk(Arc::clone(&world.live))), stream, Vec::new(), None);
    let bytes = std::mem::size_of_val(&task);
    assert!(bytes <= 3 << 10, "{bytes}");
}
