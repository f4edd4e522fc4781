//! The side of the shell: asks the running server, or does it itself where none runs.

use crate::admin::protocol::{self, Line, Outcome, Request, Step};
use crate::admin::task::{Task, perform};
use crate::app::opening::{Tasks, open};
use crate::cli::import::progress::Progress;
use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::Config;
use anyhow::{Context, bail};
use domain::source::EventSource;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// Bytes of standard input that are read, at most.
const INPUT_MAX_BYTES: u64 = 4_096;
/// Steps of progress that wait to be shown; more are dropped.
const WAITING_STEPS: usize = 16;

/// Does it, through the running server if there is one, and prints what came of it.
///
/// # Errors
/// When it is refused or fails.
pub async fn run(task: Task, arguments: Vec<String>, config: Config, output: &Output) -> anyhow::Result<()> {
    let mut input = String::new();
    if task.reads_input() {
        std::io::stdin().lock().take(INPUT_MAX_BYTES).read_to_string(&mut input).context("standard input")?;
    }
    let outcome = match connect(&config.data).await? {
        Some(stream) => ask(stream, Request { arguments, directory: std::env::current_dir()?, input }).await?,
        None => alone(task, input, config).await?,
    };
    output.result(&outcome.value, outcome.words.trim_end())
}

/// What the running server answers to these arguments; none where no server runs.
///
/// # Errors
/// When it does not answer, or does not do it.
pub async fn ask_running(data: &Path, arguments: &[&str]) -> anyhow::Result<Option<Outcome>> {
    let Some(stream) = connect(data).await? else { return Ok(None) };
    let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let request = Request { arguments, directory: std::env::current_dir()?, input: String::new() };
    ask(stream, request).await.map(Some)
}

/// The running server's socket; none where no server runs.
async fn connect(data: &Path) -> anyhow::Result<Option<UnixStream>> {
    let Some(path) = protocol::path(data) else { return Ok(None) };
    match UnixStream::connect(&path).await {
        Ok(stream) => Ok(Some(stream)),
        // Refused: of a server that crashed.
        Err(fault) if matches!(fault.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => Ok(None),
        Err(fault) => Err(fault).with_context(|| format!("cannot ask the running server at {}", path.display())),
    }
}

async fn ask(stream: UnixStream, request: Request) -> anyhow::Result<Outcome> {
    let (reading, mut writing) = stream.into_split();
    protocol::write(&mut writing, &request).await.context("the running server does not listen")?;
    let (mut reading, mut shown) = (BufReader::new(reading), Shown::default());
    while let Some(line) = protocol::read::<Line>(&mut reading).await.context("the running server's answer")? {
        match line {
            Line::Progress(step) => shown.show(&step),
            Line::Done(outcome) => {
                shown.finish();
                return Ok(outcome);
            }
            Line::Failed(why) => bail!("{why}"),
        }
    }
    bail!("the running server stopped before it was done")
}

async fn alone(task: Task, input: String, config: Config) -> anyhow::Result<Outcome> {
    let is_askable = protocol::path(&config.data).is_some();
    let opened = open(config, Arc::new(SystemClock)).await;
    let opened = match opened {
        Err(fault) if !is_askable => {
            return Err(fault.context("the path of the data directory is too long for a running server to be asked"));
        }
        opened => opened?,
    };
    let reading = Tasks::default();
    if task.needs_projections() {
        let source: Arc<dyn EventSource> = opened.log.clone();
        opened.app.projections.run(source, &Handle::current(), &reading.tracker, reading.stop.clone());
    }
    let (tell, mut steps) = mpsc::channel(WAITING_STEPS);
    let app = opened.app.clone();
    let performing = async move { perform(&app, task, input, &tell).await };
    let showing = async {
        let mut shown = Shown::default();
        while let Some(step) = steps.recv().await {
            shown.show(&step);
        }
        shown.finish();
    };
    let (outcome, ()) = tokio::join!(performing, showing);
    reading.end().await;
    opened.close().await;
    outcome
}

/// What is shown of progress.
#[derive(Default)]
struct Shown(Option<(String, u64, Progress)>);

impl Shown {
    fn show(&mut self, step: &Step) {
        let is_same = self.0.as_ref().is_some_and(|(what, total, _)| *what == step.what && *total == step.total);
        if !is_same {
            self.0 = Some((step.what.clone(), step.total, Progress::new(step.what.clone(), step.total)));
        }
        if let Some((_, _, progress)) = &mut self.0 {
            progress.reach(step.done);
        }
    }

    fn finish(self) {
        if let Some((_, _, progress)) = self.0 {
            progress.finish();
        }
    }
}
