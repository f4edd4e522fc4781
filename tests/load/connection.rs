//! One keep-alive HTTP/1.1 connection that costs the generator as little as possible: requests are bytes, of answers
//! only the status, the length and the body are looked at.

use anyhow::{Context, Result, bail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
    filled: usize,
}

pub struct Answer<'a> {
    pub status: u16,
    pub head: &'a [u8],
    pub body: &'a [u8],
}

impl Answer<'_> {
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_slice(self.body).with_context(|| format!("status {}", self.status))
    }
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, request: Vec::with_capacity(2048), buffer: vec![0; 4 << 10], filled: 0 })
    }

    pub async fn call(&mut self, method: &str, path: &str, token: Option<&str>, body: &str) -> Result<Answer<'_>> {
        self.prepare(method, path, token, body)?;
        self.again().await
    }

    /// Makes a request that [`Connection::again`] sends.
    pub fn prepare(&mut self, method: &str, path: &str, token: Option<&str>, body: &str) -> Result<()> {
        use std::io::Write;
        self.request.clear();
        write!(self.request, "{method} {path} HTTP/1.1\r\nhost: load\r\n")?;
        if let Some(token) = token {
            write!(self.request, "authorization: Bearer {token}\r\n")?;
        }
        if !body.is_empty() {
            write!(self.request, "content-type: application/json\r\ncontent-length: {}\r\n", body.len())?;
        }
        write!(self.request, "\r\n{body}")?;
        Ok(())
    }

    /// Sends the last request once more.
    pub async fn again(&mut self) -> Result<Answer<'_>> {
        self.stream.write_all(&self.request).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> Result<Answer<'_>> {
        self.filled = 0;
        let (head_end, body_len) = loop {
            self.fill().await?;
            let Some(at) = find(&self.buffer[..self.filled], b"\r\n\r\n") else { continue };
            break (at + 4, content_length(&self.buffer[..at])?);
        };
        while self.filled < head_end + body_len {
            self.fill().await?;
        }
        let status = std::str::from_utf8(&self.buffer[9..12])?.parse()?;
        Ok(Answer { status, head: &self.buffer[..head_end], body: &self.buffer[head_end..head_end + body_len] })
    }

    async fn fill(&mut self) -> Result<()> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(self.buffer.len() * 2, 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..]).await? {
            0 => bail!("the server closed the connection"),
            n => self.filled += n,
        }
        Ok(())
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn content_length(head: &[u8]) -> Result<usize> {
    const NAME: &[u8] = b"content-length:";
    for line in head.split(|&b| b == b'\n') {
        if line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME) {
            return Ok(std::str::from_utf8(&line[NAME.len()..])?.trim().parse()?);
        }
    }
    Ok(0)
}
