//! A connection whose buffer in the system can be made small while it is in use. The system lets it grow to megabytes,
//! which is right for a large answer and wrong for one without an end.

use domain::limits::FEED_SEND_BUFFER_BYTES;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Makes the buffer of its connection small.
#[derive(Clone, Debug, Default)]
pub struct Narrow(Arc<AtomicBool>);

impl Narrow {
    /// From the next write on: [`FEED_SEND_BUFFER_BYTES`].
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The connection.
pub struct Conduit {
    stream: TcpStream,
    narrow: Narrow,
    is_narrow: bool,
}

impl Conduit {
    /// With the buffer that the system gives it.
    pub fn new(stream: TcpStream, narrow: Narrow) -> Self {
        Self { stream, narrow, is_narrow: false }
    }

    /// The stream itself.
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    fn to_write(self: Pin<&mut Self>) -> Pin<&mut TcpStream> {
        let this = self.get_mut();
        if !this.is_narrow && this.narrow.0.load(Ordering::Relaxed) {
            this.is_narrow = true;
            if let Err(fault) = socket2::SockRef::from(&this.stream).set_send_buffer_size(FEED_SEND_BUFFER_BYTES) {
                tracing::debug!(%fault, "the system's buffer of a connection stays as it is");
            }
        }
        Pin::new(&mut this.stream)
    }
}

impl AsyncRead for Conduit {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Conduit {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        self.to_write().poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        self.to_write().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
