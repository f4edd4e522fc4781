//! How long a reader may take, over a real connection and a clock that the test moves.

use crate::live::meters::Meters;
use crate::live::outbox::{Outbox, Standing};
use crate::live::patience::STUCK;
use crate::live::wire::Wire;
use domain::limits::FEED_SEND_BUFFER_BYTES;
use serde_json::json;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::advance;

/// The mutants that it kills: cutting whoever does not take everything in time, and trusting the system to say in time
/// that there is room.
#[tokio::test(start_paused = true)]
async fn who_takes_something_now_and_then_is_slow_and_not_stuck() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    for socket in [socket2::SockRef::from(&client), socket2::SockRef::from(&stream)] {
        socket.set_recv_buffer_size(32 << 10).unwrap();
        socket.set_send_buffer_size(FEED_SEND_BUFFER_BYTES).unwrap();
    }
    let outbox = Outbox::new(Some(Arc::new(stream)), Arc::new(Meters::default()));
    let frame = Wire::json(&json!({"op": "event", "data": "x".repeat(4_000)}));
    while outbox.bytes() < 120 << 10 {
        outbox.say(&frame);
    }
    for _ in 0..2 {
        advance(STUCK).await;
        // As much as makes the other end of the connection announce room.
        client.read_exact(&mut vec![0; 40 << 10]).unwrap();
        // The connection is real, and so is its time.
        let since = std::time::Instant::now();
        while outbox.is_too_slow() {
            assert!(since.elapsed() < Duration::from_secs(10), "what was taken makes room");
            std::thread::yield_now();
        }
        assert!(matches!(outbox.standing(), Standing::Waiting(_)));
    }
    // What the system still moves from one end to the other is no reading.
    let mut tries = 0;
    while !outbox.is_too_slow() {
        advance(Duration::from_secs(1)).await;
        tries += 1;
    }
    assert!(tries <= 7, "{tries} seconds");
}
