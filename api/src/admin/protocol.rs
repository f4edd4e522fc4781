//! The lines on the socket.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};

/// The socket's name in the data directory.
pub const SOCKET: &str = "admin.sock";
/// Bytes of one line, at most.
pub const LINE_MAX_BYTES: u64 = 1 << 20;
/// Bytes of a socket's path that the system takes, at most.
pub const PATH_MAX_BYTES: usize = 107;

/// What the shell asks.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// As the shell got them, without the program's name.
    pub arguments: Vec<String>,
    /// Where it was called: files are named from here.
    pub directory: PathBuf,
    /// Its standard input, for commands that read it.
    pub input: String,
}

/// How far work has come.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What is done.
    pub what: String,
    /// So much of it.
    pub done: u64,
    /// All of it.
    pub total: u64,
}

/// What came of a command.
#[derive(Deserialize, Serialize)]
pub struct Outcome {
    /// For programs.
    pub value: Value,
    /// For people.
    pub words: String,
}

/// A line of the answer.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// It goes on.
    Progress(Step),
    /// It is done.
    Done(Outcome),
    /// It was not done, and why.
    Failed(String),
}

/// Where the socket is; none when its path would be too long.
pub fn path(data: &Path) -> Option<PathBuf> {
    let path = data.join(SOCKET);
    (path.as_os_str().len() <= PATH_MAX_BYTES).then_some(path)
}

/// Writes one line.
///
/// # Errors
/// When nobody takes it.
pub async fn write<T: Serialize>(stream: &mut (impl AsyncWrite + Unpin), line: &T) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    Ok(())
}

/// Reads one line; none at the end.
///
/// # Errors
/// When it is too long or not what is expected.
pub async fn read<T: for<'a> Deserialize<'a>>(
    stream: &mut BufReader<impl AsyncRead + Unpin>,
) -> anyhow::Result<Option<T>> {
    let mut line = Vec::new();
    stream.take(LINE_MAX_BYTES).read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Ok(None);
    }
    anyhow::ensure!(line.ends_with(b"\n"), "the line is cut off or too long");
    serde_json::from_slice(&line).map(Some).context("the line is not as expected")
}
