//! The side of the running server.

use crate::admin::protocol::{self, Line, Outcome, Request};
use crate::admin::task::perform;
use crate::app::App;
use crate::app::opening::Tasks;
use crate::cli::command_line;
use anyhow::{Context, bail};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};

/// Commands at the same time, at most.
const CONNECTIONS_MAX: usize = 8;
/// How long a client may take to say what it wants.
const REQUEST_LIMIT: Duration = Duration::from_secs(10);
/// Steps of progress that wait for a slow client; more are dropped.
const WAITING_STEPS: usize = 16;
/// How long to wait before accepting again after the system refused.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// The socket of a running server.
pub struct Admin {
    path: Option<PathBuf>,
    tasks: Tasks,
}

/// Opens the socket. The log's lock is held: a socket that is there already belongs to a server that is gone.
///
/// # Errors
/// When something else is in its place, or it cannot be made.
pub fn start(app: &Arc<App>) -> anyhow::Result<Admin> {
    let tasks = Tasks::default();
    let Some(path) = protocol::path(&app.config.data) else {
        tracing::warn!(
            "the path of {} is longer than {} bytes: the shell cannot ask this server; use a shorter --data",
            protocol::SOCKET,
            protocol::PATH_MAX_BYTES
        );
        return Ok(Admin { path: None, tasks });
    };
    let describe = || format!("cannot open {}", path.display());
    remove_stale(&path).with_context(describe)?;
    let listener = UnixListener::bind(&path).with_context(describe)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).with_context(describe)?;
    let owner = std::fs::metadata(&path).with_context(describe)?.uid();
    tasks.tracker.spawn(accept(listener, owner, app.clone(), tasks.clone()));
    Ok(Admin { path: Some(path), tasks })
}

impl Admin {
    /// Breaks off what clients wait for, and removes the socket.
    pub async fn end(self) {
        self.tasks.end().await;
        if let Some(path) = self.path
            && let Err(fault) = std::fs::remove_file(&path)
        {
            tracing::debug!(%fault, "the socket could not be removed");
        }
    }
}

fn remove_stale(path: &Path) -> anyhow::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(std::fs::remove_file(path)?),
        Ok(_) => bail!("something that is no socket is in its place"),
        Err(fault) if fault.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(fault) => Err(fault.into()),
    }
}

async fn accept(listener: UnixListener, owner: u32, app: Arc<App>, tasks: Tasks) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tasks.stop.run_until_cancelled(async {
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        });
        let Some((place, accepted)) = accepted.await else { return };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(fault) => {
                tracing::warn!(%fault, "a connection of the shell could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        // The file's mode says so already; this holds even while it is being set.
        if !stream.peer_cred().is_ok_and(|peer| peer.uid() == owner || peer.uid() == 0) {
            tracing::warn!("somebody else tried to open the socket of the shell");
            continue;
        }
        let (app, stop) = (app.clone(), tasks.stop.clone());
        tasks.tracker.spawn(async move {
            let answered = stop.run_until_cancelled(answer(stream, &app)).await;
            if let Some(Err(fault)) = answered {
                tracing::debug!(%fault, "the shell went away");
            }
            drop(place);
        });
    }
}

async fn answer(stream: UnixStream, app: &Arc<App>) -> anyhow::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    let request = tokio::time::timeout(REQUEST_LIMIT, protocol::read::<Request>(&mut reading)).await;
    let request = match request.context("nothing was asked in time")? {
        Ok(Some(request)) => request,
        Ok(None) => return Ok(()),
        Err(fault) => return protocol::write(&mut writing, &Line::Failed(format!("{fault:#}"))).await,
    };
    let (tell, mut steps) = mpsc::channel(WAITING_STEPS);
    let performing = async move { carry_out(app, request, tell).await };
    let telling = async {
        while let Some(step) = steps.recv().await {
            protocol::write(&mut writing, &Line::Progress(step)).await?;
        }
        anyhow::Ok(())
    };
    // A client that went away does not stop what it asked for.
    let (outcome, told) = tokio::join!(performing, telling);
    told?;
    let line = match outcome {
        Ok(outcome) => Line::Done(outcome),
        Err(fault) => Line::Failed(format!("{fault:#}")),
    };
    protocol::write(&mut writing, &line).await
}

async fn carry_out(app: &Arc<App>, request: Request, tell: mpsc::Sender<protocol::Step>) -> anyhow::Result<Outcome> {
    let task = command_line::task_of(&request.arguments)?.in_directory(&request.directory);
    perform(app, task, request.input, &tell).await
}
