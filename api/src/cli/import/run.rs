//! `tidings import slack FILE.zip`: reads, plans, carries out, reports.

use crate::app::App;
use crate::cli::import::archive;
use crate::cli::import::plan::plan;
use crate::cli::import::progress::Progress;
use crate::cli::import::report::{Notices, Report};
use crate::cli::import::slack::{self, Tools};
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::time::Instant;
use uuid::Uuid;

/// How the report is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// As one JSON object instead of a table.
    pub json: bool,
}

/// Imports the file and writes the report to standard output.
///
/// # Errors
/// When nothing could be read, and when the log or the keys store fails.
pub async fn run(app: &App, file: &Path, options: Options) -> anyhow::Result<Report> {
    let tools = Tools {
        executor: app.executor.clone(),
        log: app.log.clone(),
        words: app.words.clone(),
        correlation_id: Uuid::now_v7(),
    };
    let report = import(tools, file.to_path_buf(), true).await?;
    let mut out = stdout().lock();
    if options.json {
        report.write_json(&mut out)?
    } else {
        report.write(&mut out)?
    }
    out.flush()?;
    Ok(report)
}

/// Imports the file.
///
/// # Errors
/// When nothing could be read, and when the log or the keys store fails.
pub async fn import(tools: Tools, file: PathBuf, show_progress: bool) -> anyhow::Result<Report> {
    let started = Instant::now();
    let read_and_plan = move || {
        let mut notices = Notices::default();
        let export = archive::read(&file, &mut notices)?;
        let plan = plan(export, &mut notices);
        Ok::<_, archive::Unreadable>((plan, notices))
    };
    let (plan, mut notices) = tokio::task::spawn_blocking(read_and_plan).await??;
    let mut progress = if show_progress { Progress::new("importing", slack::steps(&plan)) } else { Progress::silent() };
    let counts = slack::import(&tools, &plan, &mut notices, &mut progress).await?;
    progress.finish();
    let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Report { counts, duration_ms, notices: notices.into_vec() })
}
