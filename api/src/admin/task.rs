//! What is asked for, and how it is done: the same in the running server and without one.

use crate::admin::protocol::{Outcome, Step};
use crate::app::App;
use crate::cli::doctor::projections;
use crate::cli::{account, import, keys, rebuild};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::mpsc;

/// A command that needs the log's lock.
pub enum Task {
    /// `account …`
    Account(account::Command),
    /// `keys …`
    Keys(keys::Command),
    /// `import slack FILE`
    ImportSlack(PathBuf),
    /// `rebuild …`
    Rebuild(rebuild::Arguments),
    /// What `doctor` asks a running server, and nobody else: how the projections are doing.
    Projections,
}

impl Task {
    /// Whether it reads standard input.
    pub const fn reads_input(&self) -> bool {
        matches!(self, Task::Account(account::Command::Password { .. }))
    }

    /// Whether read models must run for it.
    pub const fn needs_projections(&self) -> bool {
        matches!(self, Task::Rebuild(_))
    }

    /// With files named from there.
    pub fn in_directory(self, directory: &Path) -> Self {
        match self {
            Task::ImportSlack(file) => Task::ImportSlack(directory.join(file)),
            Task::Account(_) | Task::Keys(_) | Task::Rebuild(_) | Task::Projections => self,
        }
    }
}

/// Does it.
///
/// # Errors
/// When it is refused or fails.
pub async fn perform(app: &Arc<App>, task: Task, input: String, tell: &mpsc::Sender<Step>) -> anyhow::Result<Outcome> {
    match task {
        Task::Account(command) => account::act(command, app, &input).await,
        Task::Keys(command) => keys::act(&command, app),
        Task::ImportSlack(file) => {
            let report = import::run::run(app, &file, Some(tell.clone())).await?;
            let mut words = Vec::new();
            report.write(&mut words)?;
            Ok(Outcome { value: serde_json::to_value(&report)?, words: String::from_utf8(words)? })
        }
        Task::Rebuild(arguments) => rebuild::act(arguments, app, tell).await,
        Task::Projections => projections::tell(app),
    }
}
