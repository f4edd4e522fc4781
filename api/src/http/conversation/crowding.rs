//! Who is in as many conversations as one can be, as the read model has it.

use crate::app::App;
use commands::command::{Command, Envelope};
use commands::conversation::within_limit::WithinLimit;
use commands::execute::{Done, Failure};

/// Looks who of those that a command may bring in is in too many conversations already, and executes it.
///
/// # Errors
/// Why it did not happen.
pub async fn execute<C: Command>(app: &App, command: WithinLimit<C>, envelope: Envelope) -> Result<Done, Failure> {
    let most = app.config.limits.conversations;
    let full = match app.projections.messaging().in_many(&command.candidates, most).await {
        Ok(full) => full.value,
        Err(fault) => {
            // It bounds what a process holds and is no rule between people: nobody is kept out because a count is missing.
            tracing::warn!(cause = &fault as &dyn std::error::Error, "nobody knows who is in too many conversations");
            Vec::new()
        }
    };
    app.executor.execute(WithinLimit { full, ..command }, envelope).await
}
