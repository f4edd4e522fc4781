//! Sockets of the feed and of the floor that cost the generator as little as possible: bytes are counted and frames told
//! apart by their headers, text is looked at only where a message is searched in it.

use anyhow::{Context, Result, bail, ensure};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Bytes that are read at once, at most, unless one frame has more.
const BUFFER_MAX: usize = 64 << 10;

pub struct Socket {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Socket {
    /// Opens a socket; `token` where the server asks for one.
    pub async fn open(address: SocketAddr, path: &str, token: Option<&str>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut socket = Self { stream, buffer: vec![0; 1 << 10], filled: 0 };
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: load\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{authorization}\r\n"
        );
        socket.stream.write_all(request.as_bytes()).await?;
        loop {
            socket.fill().await?;
            let head = &socket.buffer[..socket.filled];
            let Some(end) = head.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            ensure!(head.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(head));
            socket.forget(end + 4);
            return Ok(socket);
        }
    }

    /// Says a text of at most 125 bytes, under a mask of zeros.
    pub async fn say(&mut self, text: &str) -> Result<()> {
        ensure!(text.len() <= 125, "too long");
        let mut bytes = vec![0x81, 0x80 | text.len() as u8, 0, 0, 0, 0];
        bytes.extend_from_slice(text.as_bytes());
        Ok(self.stream.write_all(&bytes).await?)
    }

    /// Waits for the next frame and hands its text over.
    pub async fn next<T>(&mut self, see: impl FnOnce(&[u8]) -> T) -> Result<T> {
        loop {
            if let Some((start, end)) = frame(&self.buffer[..self.filled])? {
                let seen = see(&self.buffer[start..end]);
                self.forget(end);
                return Ok(seen);
            }
            self.fill().await?;
        }
    }

    /// Waits until something comes and hands over every whole frame that is there.
    pub async fn read(&mut self, mut see: impl FnMut(&[u8])) -> Result<()> {
        let mut at = 0;
        loop {
            while let Some((start, end)) = frame(&self.buffer[at..self.filled])? {
                see(&self.buffer[at + start..at + end]);
                at += end;
            }
            if at > 0 {
                self.forget(at);
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => bail!("the server closed a socket"),
            n => self.filled += n,
        }
        // More is waiting: the next read takes more at once.
        if self.filled == self.buffer.len() && self.filled < BUFFER_MAX {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        Ok(())
    }

    fn forget(&mut self, bytes: usize) {
        self.buffer.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
    }
}

/// Where the text of the first frame stands, if all of it is there.
fn frame(bytes: &[u8]) -> Result<Option<(usize, usize)>> {
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    ensure!(bytes[0] == 0x81, "the server sent {:#x}", bytes[0]);
    let (start, len) = match second {
        126 if bytes.len() < 4 => return Ok(None),
        127 if bytes.len() < 10 => return Ok(None),
        126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        127 => (10, u64::from_be_bytes(bytes[2..10].try_into().context("a length")?) as usize),
        len => (2, usize::from(len)),
    };
    Ok((start + len <= bytes.len()).then_some((start, start + len)))
}
