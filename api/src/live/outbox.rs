//! What waits to be written to one socket. Bounded: a reader that stays too slow is disconnected and resumes later.

use crate::live::close::Close;
use axum::extract::ws::Utf8Bytes;
use parking_lot::Mutex;
use std::collections::VecDeque;
use tokio::sync::Notify;

/// Bytes of frames that wait for one socket, at most. The frames are shared with all others who see them.
const WAITING_MAX_BYTES: usize = 4 << 20;
/// Frames that wait for one socket, at most.
const WAITING_MAX_FRAMES: usize = 16_384;

/// The frames that wait for one socket.
#[derive(Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    /// Something waits.
    filled: Notify,
    /// The socket is to be closed, whatever it does at the moment.
    closing: Notify,
}

#[derive(Default)]
struct Waiting {
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
    close: Option<Close>,
}

impl Outbox {
    /// Puts a frame at the end, or closes a socket that reads too slowly.
    pub fn push(&self, frame: &Utf8Bytes) {
        let mut waiting = self.waiting.lock();
        if waiting.close.is_some() {
            return;
        }
        let is_full = waiting.frames.len() >= WAITING_MAX_FRAMES || waiting.bytes + frame.len() > WAITING_MAX_BYTES;
        if is_full {
            drop(waiting);
            self.close(Close::TooSlow);
            return;
        }
        waiting.bytes += frame.len();
        waiting.frames.push_back(frame.clone());
        let was_empty = waiting.frames.len() == 1;
        drop(waiting);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Asks the socket to close. What waits is not sent any more.
    pub fn close(&self, close: Close) {
        let mut waiting = self.waiting.lock();
        waiting.frames = VecDeque::new();
        waiting.bytes = 0;
        waiting.close.get_or_insert(close);
        drop(waiting);
        self.filled.notify_one();
        self.closing.notify_one();
    }

    /// Takes everything that waits.
    ///
    /// # Errors
    /// When the socket is to be closed.
    pub fn take(&self, frames: &mut Vec<Utf8Bytes>) -> Result<(), Close> {
        let mut waiting = self.waiting.lock();
        waiting.bytes = 0;
        frames.extend(waiting.frames.drain(..));
        if waiting.frames.capacity() > 64 {
            // A socket that was busy once does not keep the room for it.
            waiting.frames = VecDeque::new();
        }
        waiting.close.map_or(Ok(()), Err)
    }

    /// Until something waits. May return without; never misses anything.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Until the socket is to be closed, and why.
    pub async fn closing(&self) -> Close {
        loop {
            if let Some(close) = self.waiting.lock().close {
                return close;
            }
            self.closing.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_in_their_order() {
        let outbox = Outbox::default();
        for text in ["a", "b", "c"] {
            outbox.push(&text.into());
        }
        let mut frames = Vec::new();
        assert_eq!(outbox.take(&mut frames), Ok(()));
        assert_eq!(frames, ["a", "b", "c"]);
        frames.clear();
        assert_eq!(outbox.take(&mut frames), Ok(()));
        assert!(frames.is_empty());
    }

    #[tokio::test]
    async fn a_socket_that_reads_too_slowly_is_closed() {
        let outbox = Outbox::default();
        let frame = Utf8Bytes::from("x".repeat(1 << 20));
        for _ in 0..5 {
            outbox.push(&frame);
        }
        assert_eq!(outbox.take(&mut Vec::new()), Err(Close::TooSlow));
        assert_eq!(outbox.closing().await, Close::TooSlow);
    }
}
