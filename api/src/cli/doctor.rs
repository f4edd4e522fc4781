//! `tidings doctor`: looks at what Tidings stands on, and says what to do. Changes nothing; works beside a running server.

pub mod engines;
pub mod finding;
pub mod machine;
pub mod projections;
pub mod read_models;
pub mod search_index;

use crate::cli::doctor::finding::Verdict;
use crate::cli::output::Output;
use crate::config::Config;
use anyhow::bail;
use serde_json::json;
use std::fmt::Write;

/// Examines everything.
///
/// # Errors
/// When something is wrong.
pub async fn run(config: &Config, output: &Output) -> anyhow::Result<()> {
    let (mut findings, end) = machine::examine(config).await;
    let (of_read_models, mut read_models) = read_models::examine(config).await;
    findings.extend(of_read_models);
    let (of_search, index) = search_index::examine(config).await;
    findings.push(of_search);
    read_models.extend(index);
    findings.extend(projections::examine(&config.data, end, &read_models).await);
    findings.extend(engines::examine(config).await);
    let is_good = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    let mut words = String::new();
    for finding in &findings {
        // Writing to a string cannot fail.
        writeln!(words, "{:<8} {:<14} {}", finding.verdict.as_str(), finding.check, finding.found).unwrap_or(());
        if let Some(advice) = &finding.advice {
            writeln!(words, "{:<8} {:<14} -> {advice}", "", "").unwrap_or(());
        }
    }
    output.result(&json!({"ok": is_good, "findings": findings}), words.trim_end())?;
    if !is_good {
        bail!("something is wrong");
    }
    Ok(())
}
