//! One WebSocket line to a client: what it says is read here, what it is told goes through its outbox, also what the
//! protocol itself has to say.

use crate::live::close::Close;
use crate::live::frame::Frame;
use crate::live::op::Op;
use crate::live::outbox::{Outbox, Standing};
use crate::live::wire::Wire;
use domain::limits::{FEED_SEND_BUFFER_BYTES, FRAME_IN_MAX_BYTES};
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tungstenite::error::{Error, ProtocolError};
use tungstenite::protocol::frame::{CloseFrame, Utf8Bytes};
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

/// Bytes of the buffer for what comes; a longer frame makes it grow. The library's default is 128 KiB.
const READ_BUFFER_BYTES: usize = 1 << 10;
/// How long goodbye may take.
const GOODBYE: Duration = Duration::from_secs(1);
/// Bytes that may wait before more of what was missed is read.
const LOW_WATER_BYTES: usize = 32 << 10;

/// Why a socket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client went, or the connection broke.
    Gone,
    /// We close it.
    Close(Close),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        End::Close(close)
    }
}

/// A WebSocket after its handshake.
pub struct Line {
    stream: Arc<TcpStream>,
    protocol: WebSocketContext,
    /// What the client is told.
    pub outbox: Arc<Outbox>,
    /// Nothing more can be read.
    is_deaf: bool,
}

/// The stream as the protocol sees it: reading never waits, writing goes through the outbox.
struct Ends<'a>(&'a TcpStream, Said<'a>);

enum Said<'a> {
    Now(&'a Outbox),
    Last(&'a Outbox),
}

impl Read for Ends<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.try_read(buffer)
    }
}

impl Write for Ends<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self.1 {
            Said::Now(outbox) => outbox.say(&Wire::control(bytes)),
            Said::Last(outbox) => outbox.say_last(&Wire::control(bytes)),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Line {
    /// Over a stream of which some bytes were read already.
    pub fn new(stream: Arc<TcpStream>, read: &[u8], outbox: Arc<Outbox>) -> Self {
        if let Err(fault) = socket2::SockRef::from(&*stream).set_send_buffer_size(FEED_SEND_BUFFER_BYTES) {
            tracing::debug!(%fault, "the system's buffer of a socket stays as it is");
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(0)
            .max_message_size(Some(FRAME_IN_MAX_BYTES))
            .max_frame_size(Some(FRAME_IN_MAX_BYTES));
        let protocol = if read.is_empty() {
            WebSocketContext::new(Role::Server, Some(config))
        } else {
            WebSocketContext::from_partially_read(read.to_vec(), Role::Server, Some(config))
        };
        Self { stream, protocol, outbox, is_deaf: false }
    }

    /// The next frame of the client; none for one of the protocol's own.
    ///
    /// # Errors
    /// When the client went or sent what is no frame.
    pub async fn read(&mut self) -> Result<Option<Op>, End> {
        loop {
            let message = self.protocol.read(&mut Ends(&self.stream, Said::Now(&self.outbox)));
            let fault = match message {
                Ok(Message::Text(text)) => return Ok(Some(Op::parse(&text).map_err(|_| Close::BadFrame)?)),
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => return Ok(None),
                Ok(Message::Binary(_)) => return Err(Close::BadFrame.into()),
                Ok(Message::Close(_)) => {
                    // The answer to it.
                    if let Err(fault) = self.protocol.flush(&mut Ends(&self.stream, Said::Now(&self.outbox))) {
                        tracing::trace!(error = %fault, "a socket ended");
                    }
                    return Err(End::Gone);
                }
                Err(fault) => fault,
            };
            match fault {
                Error::Io(fault) if fault.kind() == ErrorKind::WouldBlock => self.readable().await?,
                Error::ConnectionClosed
                | Error::AlreadyClosed
                | Error::Io(_)
                | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => return Err(End::Gone),
                // Too long, not UTF-8, not the protocol: all of these are frames that are none. If the connection
                // broke, the goodbye goes nowhere.
                fault => {
                    tracing::debug!(error = %fault, "a socket could not be read");
                    self.is_deaf = true;
                    return Err(Close::BadFrame.into());
                }
            }
        }
    }

    async fn readable(&self) -> Result<(), End> {
        std::future::poll_fn(|context| self.stream.poll_read_ready(context)).await.map_err(|_| End::Gone)
    }

    /// Says something and waits until not much of it waits any more.
    ///
    /// # Errors
    /// When the client is gone, too slow, or the socket is to be closed.
    pub async fn tell(&self, frames: &[Wire]) -> Result<(), End> {
        for frame in frames {
            self.outbox.say(frame);
            self.drained(LOW_WATER_BYTES).await?;
        }
        Ok(())
    }

    /// Until no more than this many bytes wait to be written.
    ///
    /// # Errors
    /// When the client is gone, too slow, or the socket is to be closed.
    pub async fn drained(&self, bytes: usize) -> Result<(), End> {
        loop {
            match self.outbox.standing() {
                Standing::Idle | Standing::Lagging(_) => return Ok(()),
                Standing::Waiting(_) if self.outbox.bytes() <= bytes => return Ok(()),
                Standing::Waiting(until) => {
                    tokio::select! {
                        () = writable(&self.stream) => self.outbox.write(),
                        () = self.outbox.changed() => {}
                        () = tokio::time::sleep_until(until) => {
                            if self.outbox.is_too_slow() {
                                return Err(Close::TooSlow.into());
                            }
                        }
                    }
                }
                Standing::Closing(close) => return Err(close.into()),
                Standing::Broken => return Err(End::Gone),
            }
        }
    }

    /// The stream, to wait until it takes more.
    pub fn stream(&self) -> Arc<TcpStream> {
        Arc::clone(&self.stream)
    }

    /// Says why, closes, and waits a little for the client to do the same.
    pub async fn say_goodbye(mut self, close: Close) {
        self.outbox.end(&Frame::bye(close).wire());
        let frame = CloseFrame { code: close.code().into(), reason: Utf8Bytes::from_static(close.reason()) };
        let closed = self.protocol.close(&mut Ends(&self.stream, Said::Last(&self.outbox)), Some(frame));
        if let Err(fault) = closed {
            tracing::trace!(error = %fault, "a socket was closed already");
        }
        if timeout(GOODBYE, self.hear_out()).await.is_err() {
            tracing::debug!(code = close.code(), "a socket was closed without its client");
        }
    }

    /// Until the client closed, too: closing over what is unread would take the goodbye from it.
    async fn hear_out(&mut self) {
        loop {
            let heard = if self.is_deaf {
                match self.stream.try_read(&mut [0; 1024]) {
                    Ok(0) => return,
                    read => read.map(drop).map_err(Error::Io),
                }
            } else {
                let ends = &mut Ends(&self.stream, Said::Last(&self.outbox));
                self.protocol.read(ends).map(drop)
            };
            match heard {
                Ok(()) => tokio::task::yield_now().await,
                Err(Error::Io(fault)) if fault.kind() == ErrorKind::WouldBlock => {
                    let stream = Arc::clone(&self.stream);
                    tokio::select! {
                        readable = self.readable() => if readable.is_err() { return },
                        () = writable(&stream), if self.outbox.bytes() > 0 => self.outbox.write(),
                    }
                }
                Err(_) => return,
            }
        }
    }
}

/// Until the stream takes more, or is broken: writing tells which.
pub async fn writable(stream: &TcpStream) {
    std::future::poll_fn(|context| {
        // A fault shows when it is written to.
        if let Err(fault) = ready!(stream.poll_write_ready(context)) {
            tracing::trace!(%fault, "a socket is broken");
        }
        std::task::Poll::Ready(())
    })
    .await;
}
