//! `tidings log …`: reads and checks the log. It takes no lock, so a server may run meanwhile.

use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::wire::log::LogEvent;
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use domain::event::EventType;
use domain::ids::Position;
use domain::source::{Direction, EventSource, Filter};
use serde_json::json;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::sync::Arc;
use std::time::Duration;
use store::embedded::log::EmbeddedLog;
use store::embedded::options::Options;

/// Events that are read at once.
const READ_AT_ONCE_EVENTS: usize = 1_024;
/// How often a tail looks for more.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What can be done with the log.
#[derive(Subcommand)]
pub enum Command {
    /// Print events, one JSON object a line. Words show as `[sealed]`.
    #[command(after_help = "Example:\n  tidings log read --types MessageSent,MessageEdited --limit 10")]
    Read {
        /// Which events.
        #[command(flatten)]
        which: Which,
        /// Print this many, at most.
        #[arg(long, value_name = "N")]
        limit: Option<u64>,
    },
    /// Print events as they come, until interrupted.
    #[command(after_help = "Example:\n  tidings log tail --types StoryPosted")]
    Tail {
        /// Which events.
        #[command(flatten)]
        which: Which,
    },
    /// Check every record and every index.
    #[command(after_help = "Example:\n  tidings log verify")]
    Verify,
}

/// Which events, and how they are printed.
#[derive(clap::Args)]
pub struct Which {
    /// Begin after this position; 0 is the start. Without it `read` begins at the start, `tail` at the end.
    #[arg(long, value_name = "P")]
    from: Option<u64>,
    /// Only these types.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = parse_type)]
    types: Vec<EventType>,
    /// Only streams whose names start so.
    #[arg(long, value_name = "PREFIX")]
    stream_prefix: Option<String>,
    /// The form of the lines.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
}

/// The form of the lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// One JSON object a line, with the fields of `GET /v1/log`.
    Ndjson,
}

fn parse_type(text: &str) -> Result<EventType, &'static str> {
    EventType::parse(text).ok_or("is no type of an event, such as MessageSent")
}

/// Does it.
///
/// # Errors
/// When there is no log, or it is damaged.
pub async fn run(command: Command, config: &Config, output: &Output) -> anyhow::Result<()> {
    match command {
        Command::Read { which, limit } => {
            let log = open(config)?;
            let from = which.from.map_or(Position::START, Position);
            print(&log, from, &which, limit.unwrap_or(u64::MAX)).await.map(drop)
        }
        Command::Tail { which } => tail(config, &which).await,
        Command::Verify => verify(config, output),
    }
}

fn open(config: &Config) -> anyhow::Result<EmbeddedLog> {
    let directory = config.log.directory(&config.data);
    if !directory.is_dir() {
        bail!("there is no log in {}", directory.display());
    }
    // The check value counts for appending only.
    let options = Options::new(Arc::new(SystemClock), [0; 16]);
    EmbeddedLog::open_read_only(&directory, &options).with_context(|| format!("the log in {}", directory.display()))
}

/// Prints what is there after a position. Gives the last position that was looked at.
async fn print(log: &EmbeddedLog, from: Position, which: &Which, mut limit: u64) -> anyhow::Result<Position> {
    let Format::Ndjson = which.format;
    let filter =
        Filter { stream_prefixes: which.stream_prefix.clone().into_iter().collect(), types: which.types.clone() };
    let mut place = from;
    while limit > 0 {
        let at_once = usize::try_from(limit).unwrap_or(usize::MAX).min(READ_AT_ONCE_EVENTS);
        let slice = log.read_all(place, Direction::Forward, at_once, &filter).await?;
        let mut text = Vec::new();
        for event in &slice.events {
            serde_json::to_writer(&mut text, &LogEvent::plain(event))?;
            text.push(b'\n');
        }
        let mut out = stdout().lock();
        out.write_all(&text)?;
        out.flush()?;
        limit -= slice.events.len() as u64;
        place = slice.next;
        if slice.at_end {
            break;
        }
    }
    Ok(place)
}

/// A log that is open for reading stays as it was: looking again means opening again.
async fn tail(config: &Config, which: &Which) -> anyhow::Result<()> {
    let mut log = open(config)?;
    let mut place = which.from.map_or_else(|| log.head(), Position);
    loop {
        place = place.max(print(&log, place, which, u64::MAX).await?);
        tokio::time::sleep(LOOK_EVERY).await;
        log = open(config)?;
    }
}

fn verify(config: &Config, output: &Output) -> anyhow::Result<()> {
    let log = open(config)?;
    if let Some((position, reason)) = &log.raw().report().damage {
        bail!("the log is damaged at position {position}: {reason}");
    }
    let shows_progress = stderr().is_terminal();
    let verified = log.raw().history().verify(|position, head| {
        if shows_progress {
            // Progress is no result: when nobody takes it, it is lost.
            drop(write!(stderr().lock(), "\r{position} of {head}"));
        }
    });
    if shows_progress {
        drop(writeln!(stderr().lock()));
    }
    let verified = verified?;
    let result = json!({
        "ok": true,
        "head": log.head(),
        "events": verified.events,
        "bytes": verified.bytes,
        "closed_segments": verified.closed_segments,
    });
    let (events, bytes) = (verified.events, verified.bytes);
    output.result(&result, &format!("verified {events} events ({bytes} bytes): nothing is damaged"))
}
