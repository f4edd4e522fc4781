//! Load against a real server, next to the frozen floors of `../shared/floor` in the same run.
//!
//! `cargo build --release --workspace`, then the floor (its README says how), then
//! `target/release/load all`. Every scenario prints one JSON line for Tidings, one for the floor and their ratio. Talks to
//! loopback only, is bounded in time and stops by itself.

mod connection;
mod feed;
mod feed_client;
mod hot;
mod idle;
mod inbox;
mod keys;
mod log;
mod measure;
mod open;
mod overload;
mod pairs;
mod populate;
mod reaction;
mod rebuild;
mod resume;
mod scene;
mod search;
mod send;
mod server;
mod start;
mod stuck;
mod texts;
mod writing;

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// As in the server: the log is measured inside this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Args {
    /// Which scenario.
    scenario: Scenario,
    /// Seconds of each measured phase.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
    /// Seconds of the overload.
    #[arg(long, default_value_t = 120.0)]
    overload_seconds: f64,
    /// Events of the scenario `rebuild`.
    #[arg(long, default_value_t = 1_000_000)]
    events: u64,
    /// Messages of the scenario `search`.
    #[arg(long, default_value_t = 100_000)]
    messages: usize,
    /// A folder with the data of the scenario `search`, made where it is not there, and kept for another run.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The folder with the release binaries.
    #[arg(long, default_value = "target/release")]
    binaries: PathBuf,
    /// The floor's binary.
    #[arg(long, default_value = "target/floor/release/floor")]
    floor: PathBuf,
    /// Where data is written; a new folder inside is made and removed.
    #[arg(long, default_value = "target")]
    scratch: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// The embedded log alone: appends with 1, 64 and 1,000 outstanding, full read, one stream.
    Log,
    /// 64 connections over many conversations: peak, then 60 % of it open loop.
    Send,
    /// 64 senders in one conversation.
    Hot,
    /// 1,000 sockets in one room: the last of them at 20 messages a second, and the peak.
    Feed,
    /// 10,000 sockets that wait: memory, heartbeats, resumes after a restart.
    Idle,
    /// One to one: delivered to the other's socket, at 100 and at 10,000 a second.
    Pairs,
    /// Reactions at the other's socket, at 100 a second; 100 at once to one message.
    Reaction,
    /// Somebody in 1,000 conversations: inbox and pages of history.
    Inbox,
    /// 10,000 missed messages, while 1,000 a second are sent elsewhere.
    Resume,
    /// Reading the device keys of others.
    Keys,
    /// 50 of 1,000 sockets never read.
    Stuck,
    /// Three times the peak; how much is done, how fast the rest is refused.
    Overload,
    /// From an empty folder to ready.
    Start,
    /// A log with 1,000,000 events: opening it, and serving on it.
    Open,
    /// A log with 1,000,000 events of every common kind: all read models from nothing, and again beside those served.
    Rebuild,
    /// 100,000 messages: questions while messages are sent, how soon one is found, the index from nothing.
    Search,
    /// What `open` runs in a process of its own.
    #[value(hide = true)]
    OpenOnly,
    /// All of them.
    All,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    if args.scenario == Scenario::OpenOnly {
        return open::only(&args);
    }
    let run = |scenario| args.scenario == scenario || args.scenario == Scenario::All;
    if run(Scenario::Start) {
        start::run(&args).await?;
    }
    if run(Scenario::Open) {
        open::run(&args).await?;
    }
    if run(Scenario::Rebuild) {
        rebuild::run(&args).await?;
    }
    if run(Scenario::Search) {
        search::run(&args).await?;
    }
    if run(Scenario::Log) {
        log::run(&args)?;
    }
    if run(Scenario::Send) {
        send::run(&args).await?;
    }
    if run(Scenario::Hot) {
        hot::run(&args).await?;
    }
    if run(Scenario::Feed) {
        feed::run(&args).await?;
    }
    if run(Scenario::Pairs) {
        pairs::run(&args).await?;
    }
    if run(Scenario::Reaction) {
        reaction::run(&args).await?;
    }
    if run(Scenario::Inbox) {
        inbox::run(&args).await?;
    }
    if run(Scenario::Resume) {
        resume::run(&args).await?;
    }
    if run(Scenario::Keys) {
        keys::run(&args).await?;
    }
    if run(Scenario::Stuck) {
        stuck::run(&args).await?;
    }
    if run(Scenario::Overload) {
        overload::run(&args).await?;
    }
    if run(Scenario::Idle) {
        idle::run(&args).await?;
    }
    Ok(())
}
