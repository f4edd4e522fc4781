//! `tidings rebuild`: builds read models again, beside those that are served.

use crate::admin::protocol::{Outcome, Step};
use crate::app::App;
use crate::app::first_start::system;
use crate::app::jobs::{self, Asked, Ended};
use crate::wire::job::RebuiltView;
use anyhow::{Context, anyhow, bail};
use domain::ids::JobId;
use domain::job::values::JobOutcome;
use domain::values::Reason;
use projections::projection;
use projections::rebuild::Rebuilt;
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What is rebuilt.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  tidings rebuild messaging\n  tidings rebuild --all --reason \"the log was restored\""
)]
pub struct Arguments {
    /// Projections, by their names.
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    names: Vec<String>,
    /// Every projection.
    #[arg(long)]
    all: bool,
    /// Serve the new rows even if they differ from those served at the same position.
    #[arg(long)]
    force: bool,
    /// Why; kept with the event that says that the job started.
    #[arg(long, value_name = "TEXT", default_value = "asked for on the shell")]
    reason: String,
}

/// Does it and waits for its end.
///
/// # Errors
/// When a name is unknown, the work fails, or rows differ from those served.
pub async fn act(arguments: Arguments, app: &Arc<App>, tell: &mpsc::Sender<Step>) -> anyhow::Result<Outcome> {
    let names = names(&arguments)?;
    let reason = Reason::parse(&arguments.reason).map_err(|invalid| anyhow!("the reason {invalid}"))?;
    let asked = Asked { projections: names, is_forced: arguments.force, reason };
    let (job, _) = jobs::start(app, asked, system()).await?;
    let job = job.context("it had been started before")?;
    let (mut progress, mut ended) = (job.progress.subscribe(), job.ended.subscribe());
    let telling = async {
        while progress.changed().await.is_ok() {
            let now = *progress.borrow_and_update();
            let step = Step { what: "rebuilding".into(), done: now.done_events, total: now.total_events };
            // Only the newest counts: one that finds no room is followed by another.
            drop(tell.try_send(step));
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = telling => bail!("the rebuild was broken off"),
        () = app.stop.cancelled() => bail!("the server stops: the rebuild was broken off"),
        end = ended.wait_for(Option::is_some) => {
            let end = end.ok().and_then(|end| end.clone());
            outcome(job.id, end)
        }
    }
}

fn names(arguments: &Arguments) -> anyhow::Result<Vec<&'static str>> {
    if arguments.all {
        return Ok(projection::ALL.into_iter().chain([projection::SEARCH]).collect());
    }
    let mut names = Vec::new();
    for name in &arguments.names {
        let known = projection::rebuildable(name).ok_or_else(|| {
            anyhow!("there is no projection {name}: {}, {}", projection::ALL.join(", "), projection::SEARCH)
        })?;
        if !names.contains(&known) {
            names.push(known);
        }
    }
    Ok(names)
}

fn outcome(job: JobId, end: Option<Ended>) -> anyhow::Result<Outcome> {
    let end = end.ok_or_else(|| anyhow!("the rebuild was broken off"))?;
    let all = end.result.map_err(anyhow::Error::msg)?;
    let words = words(&all);
    if end.outcome == JobOutcome::Failed {
        bail!("{words}what is served stays as it is where rows differ: compare, then use --force");
    }
    let views: Vec<RebuiltView> = all.iter().map(RebuiltView::of).collect();
    Ok(Outcome { value: json!({"job": job, "projections": views}), words })
}

fn words(all: &[Rebuilt]) -> String {
    let mut text = String::new();
    for view in all.iter().map(RebuiltView::of) {
        let compared = match view.reason {
            Some(reason) => format!("not compared, because {reason}"),
            None => format!("the rows are {}", if view.comparison == "equal" { "equal" } else { "DIFFERENT" }),
        };
        let served = if view.switched { "served" } else { "NOT served" };
        // Writing to a string cannot fail.
        writeln!(text, "{}: {served}, at position {}; {compared}", view.projection, view.position).unwrap_or(());
    }
    text
}
