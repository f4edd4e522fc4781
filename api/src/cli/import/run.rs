//! `tidings import slack FILE.zip`: reads, plans, carries out, reports.

use crate::admin::protocol::Step;
use crate::app::App;
use crate::cli::import::archive;
use crate::cli::import::plan::plan;
use crate::cli::import::progress::Progress;
use crate::cli::import::report::{Notices, Report};
use crate::cli::import::slack::{self, Tools};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Imports the file; `tell` is told how far it is.
///
/// # Errors
/// When nothing could be read, and when the log or the keys store fails.
pub async fn run(app: &App, file: &Path, tell: Option<mpsc::Sender<Step>>) -> anyhow::Result<Report> {
    let tools = Tools {
        executor: app.executor.clone(),
        log: app.log.clone(),
        words: app.words.clone(),
        correlation_id: Uuid::now_v7(),
    };
    import(tools, file.to_path_buf(), tell).await
}

/// Imports the file.
///
/// # Errors
/// When nothing could be read, and when the log or the keys store fails.
pub async fn import(tools: Tools, file: PathBuf, tell: Option<mpsc::Sender<Step>>) -> anyhow::Result<Report> {
    let started = Instant::now();
    let read_and_plan = move || {
        let mut notices = Notices::default();
        let export = archive::read(&file, &mut notices)?;
        let plan = plan(export, &mut notices);
        Ok::<_, archive::Unreadable>((plan, notices))
    };
    let (plan, mut notices) = tokio::task::spawn_blocking(read_and_plan).await??;
    let mut progress = match tell {
        Some(tell) => Progress::telling("importing", slack::steps(&plan), tell),
        None => Progress::silent(),
    };
    let counts = slack::import(&tools, &plan, &mut notices, &mut progress).await?;
    progress.finish();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Report { counts, duration_ms, notices: notices.into_vec() })
}
