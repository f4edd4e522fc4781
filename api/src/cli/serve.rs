//! `tidings serve`.

use crate::app::first_start::PASSWORD_FILE;
use crate::app::{Running, start};
use crate::cli::output::Output;
use crate::clock::SystemClock;
use crate::config::Config;
use anyhow::bail;
use std::io::{IsTerminal, Write, stderr};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Accepts the list of everything.
///
/// # Errors
/// On a list that leaves work to another process: one process does everything in this version.
pub fn check_roles(roles: &[String]) -> anyhow::Result<()> {
    let needed = ["api", "project", "live", "log"];
    if roles.is_empty() || needed.iter().all(|role| roles.iter().any(|given| given == role)) {
        return Ok(());
    }
    bail!("roles cannot be split between processes in this version: leave --roles out")
}

/// Serves until it is told to stop.
///
/// # Errors
/// When it cannot start, when the log fails, and when connections do not end.
pub async fn serve(config: Config, output: &Output) -> anyhow::Result<()> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let data = config.data.clone();
    let running = start(config, Arc::new(SystemClock)).await?;
    let base = format!("http://{}", running.address);
    output.text(&format!("listening on {base}\n"))?;
    if stderr().is_terminal() {
        show_examples(&base, &data.join(PASSWORD_FILE).display().to_string())?;
    }
    let failed = tokio::select! {
        _ = interrupt.recv() => false,
        _ = terminate.recv() => false,
        () = running.failed() => true,
    };
    if failed {
        tracing::error!("the log failed: nothing more can be stored, so the server stops");
        bail!("the log failed");
    }
    tracing::info!("stopping");
    tokio::select! {
        stopped = running.stop() => stopped,
        _ = interrupt.recv() => bail!("stopped at once"),
        _ = terminate.recv() => bail!("stopped at once"),
    }
}

/// Three lines to try.
fn show_examples(base: &str, password_file: &str) -> anyhow::Result<()> {
    let mut err = stderr().lock();
    let json = "-H 'Content-Type: application/json'";
    writeln!(err, "try:")?;
    writeln!(
        err,
        "  curl -s {base}/v1/accounts {json} -d '{{\"username\":\"alice\",\"password\":\"correct horse\"}}'"
    )?;
    writeln!(
        err,
        "  curl -s {base}/v1/sessions {json} -d '{{\"username\":\"alice\",\"password\":\"correct horse\"}}'"
    )?;
    writeln!(
        err,
        "  curl -s {base}/v1/sessions {json} -d \"{{\\\"username\\\":\\\"admin\\\",\\\"password\\\":\\\"$(cat {password_file})\\\"}}\""
    )?;
    Ok(())
}

impl Running {
    /// Ends when the log has failed.
    async fn failed(&self) {
        let mut head = self.log_head();
        let failed = head.wait_for(|head| head.end == Some(store::embedded::head::End::Failed)).await;
        if failed.is_err() {
            // The log is closed: somebody stops the server already.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_everything_or_refused() {
        let check = |roles: &str| check_roles(&roles.split(',').map(str::to_owned).collect::<Vec<_>>());
        assert!(check_roles(&[]).is_ok() && check("api,project,live,log").is_ok());
        assert!(check("api").unwrap_err().to_string().contains("split"));
    }
}
