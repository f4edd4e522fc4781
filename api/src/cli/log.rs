//! `tidings log …`: reads, checks and copies the log without a lock, so that a server may run meanwhile, and gives space
//! back.

use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::secrets;
use crate::wire::log::LogEvent;
use anyhow::{Context, bail};
use clap::{Subcommand, ValueEnum};
use domain::event::EventType;
use domain::ids::Position;
use domain::source::{Direction, EventSource, Filter};
use serde_json::json;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use store::embedded::check::{Finding, check};
use store::embedded::copy::{self, Copied, CopyFault};
use store::embedded::disk::RealDisk;
use store::embedded::engine::Log;
use store::embedded::fault::OpenFault;
use store::embedded::header;
use store::embedded::log::EmbeddedLog;
use store::embedded::options::Options;
use store::embedded::reclaim::Reclaimed;

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
    #[command(after_help = VERIFY_HELP)]
    Verify,
    /// Copy the log into a new one with an id of its own, every position the same. A server may run meanwhile.
    #[command(after_help = COPY_HELP)]
    Copy {
        /// The directory of the new log, empty or missing.
        #[arg(long, value_name = "DIR|URL")]
        to: String,
    },
    /// Give the space of events that nobody reads any more back to the disk. A running server does so by itself.
    #[command(after_help = "Example:\n  tidings log reclaim")]
    Reclaim,
}

/// What a check says.
const VERIFY_HELP: &str = "Example:
  tidings log verify

Every damaged record, every damaged index and damage of the other files is named with its place, and the exit code is 1.
What a crash leaves, or a server is writing just now, is named and is no damage (exit code 0): a closed segment whose index
is missing, by its first position (the next start builds it again), and the bytes of a batch that was never acknowledged
(the next start cuts them off).";

/// How a copy is used.
const COPY_HELP: &str = "Example:
  tidings log copy --to ./moved/log

The copy has no keys of its own: words in it stay sealed with the keys of the log that it was made of. Give the server on
the copy the same keys store and secrets, by configuration or, where they stand in the data directory, by copying them:
  cp -r ./data/keys ./data/secrets ./moved/
  tidings serve --data ./moved
Its read models are built from the copy. Readers notice the new id and start anew.";

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
        Command::Copy { to } => copy(config, &to, output),
        Command::Reclaim => reclaim(config, output),
    }
}

fn copy(config: &Config, to: &str, output: &Output) -> anyhow::Result<()> {
    if to.contains("://") {
        bail!("this version copies to a directory only, not to {to}");
    }
    let (from, to) = (directory(config)?, Path::new(to));
    if resolved(to)?.starts_with(resolved(&from)?) {
        bail!("{} is within the directory of the log itself, {}: give one elsewhere", to.display(), from.display());
    }
    secrets::private_directory(to)?;
    if let Some(name) = other_than_a_file(to)? {
        return Err(not_empty(to, &name));
    }
    let options = Options::new(Arc::new(SystemClock), [0; 16]);
    let copied = copy::copy(&from, &options, to, &options, progress);
    end_progress();
    let copied = copied.map_err(|fault| match fault {
        CopyFault::NotEmpty(name) => not_empty(to, &name),
        fault => anyhow::Error::new(fault).context(format!("the log in {} was not copied", from.display())),
    })?;
    let Copied { log_id, head, events, stubs, bytes } = copied;
    let result = json!({"to": to, "log_id": log_id, "head": head, "events": events, "stubs": stubs, "bytes": bytes});
    let text = format!(
        "copied {events} events ({bytes} bytes) to {} as the log {log_id}\nits words are sealed with the same keys: give the server on it the same keys store and secrets",
        to.display()
    );
    output.result(&result, &text)
}

fn not_empty(to: &Path, name: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is not empty: it holds {name}. Give an empty directory; what a copy that was interrupted left there can be removed",
        to.display()
    )
}

/// What in there is no file: perhaps it is a server's directory, which may hold nothing but others. The log itself looks at files only.
fn other_than_a_file(path: &Path) -> std::io::Result<Option<String>> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        if !entry.file_type()?.is_file() {
            return Ok(Some(entry.file_name().to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}

/// Where a path leads, also when its end is not there yet.
fn resolved(path: &Path) -> std::io::Result<PathBuf> {
    let mut place = PathBuf::new();
    for component in std::path::absolute(path)?.components() {
        match component {
            Component::ParentDir => drop(place.pop()),
            other => place.push(other),
        }
        place = place.canonicalize().unwrap_or(place);
    }
    Ok(place)
}

fn reclaim(config: &Config, output: &Output) -> anyhow::Result<()> {
    let directory = directory(config)?;
    let describe = || format!("the log in {}", directory.display());
    let header = header::read(&RealDisk, &directory).with_context(describe)?.with_context(describe)?;
    let log = match Log::open(&directory, Options::new(Arc::new(SystemClock), header.key_check)) {
        Ok(log) => log,
        Err(OpenFault::Locked) => {
            bail!("{} is in use by another process; a running server gives space back by itself", directory.display())
        }
        Err(fault) => return Err(fault).with_context(describe),
    };
    let Reclaimed { segments, events, bytes } = log.reclaim(|_| true).with_context(describe)?;
    let result = json!({"segments": segments, "events": events, "bytes": bytes});
    output.result(&result, &format!("gave back {bytes} bytes of {events} events in {segments} segments"))
}

fn progress(position: Position, head: Position) {
    if stderr().is_terminal() {
        // Progress is no result: when nobody takes it, it is lost.
        drop(write!(stderr().lock(), "\r{position} of {head}"));
    }
}

fn end_progress() {
    if stderr().is_terminal() {
        drop(writeln!(stderr().lock()));
    }
}

fn directory(config: &Config) -> anyhow::Result<PathBuf> {
    let directory = config.log.directory(&config.data);
    if !directory.is_dir() {
        bail!("there is no log in {}", directory.display());
    }
    Ok(directory)
}

fn open(config: &Config) -> anyhow::Result<EmbeddedLog> {
    let directory = directory(config)?;
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
    let checked = check(log.raw(), progress);
    end_progress();
    let checked = checked?;
    let (verified, torn) = (checked.verified, log.raw().report().torn);
    let damage = checked.findings.iter().filter(|finding| finding.is_damage());
    let (mut damaged_indexes, mut missing_indexes) = (Vec::new(), Vec::new());
    for finding in &checked.findings {
        match finding {
            Finding::DamagedIndex(first) => damaged_indexes.push(first),
            Finding::MissingIndex(first) => missing_indexes.push(first),
            Finding::Damaged(..) | Finding::MarksLost(_) | Finding::MarksDamaged(_) | Finding::Torn(_) => {}
        }
    }
    let result = json!({
        "ok": !checked.is_damaged(),
        "head": log.head(),
        "events": verified.map(|verified| verified.events),
        "stubs": verified.map(|verified| verified.stubs),
        "bytes": verified.map(|verified| verified.bytes),
        "closed_segments": verified.map(|verified| verified.closed_segments),
        "damage": damage.map(Finding::to_string).collect::<Vec<_>>(),
        "damaged_indexes": damaged_indexes,
        "missing_indexes": missing_indexes,
        "torn_bytes": torn.map_or(0, |torn| torn.bytes),
        "torn_after": torn.map(|torn| Position(torn.position.0.saturating_sub(1))),
    });
    output.result(&result, &checked.to_string())?;
    if checked.is_damaged() {
        bail!("something is damaged: see each line above");
    }
    Ok(())
}
