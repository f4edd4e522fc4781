//! `tidings keys …`: replaces keys that the deployment signs with. Through the running server where one runs, which goes on
//! with the new key at once.

use crate::admin::protocol::Outcome;
use crate::app::App;
use clap::Subcommand;
use serde_json::json;

/// What can be done with keys.
#[derive(Subcommand)]
pub enum Command {
    /// Make a new key that signs access tokens. Tokens of the older keys live until they end.
    #[command(after_help = "Example:\n  tidings keys rotate-token\n  tidings keys rotate-token --at-once")]
    RotateToken {
        /// A key got out: refuse every token that was signed before. Clients go on with their refresh tokens.
        #[arg(long)]
        at_once: bool,
    },
}

/// Does it.
///
/// # Errors
/// When the file of keys cannot be read or written, or too many keys still verify.
pub fn act(command: &Command, app: &App) -> anyhow::Result<Outcome> {
    let Command::RotateToken { at_once } = *command;
    let path = app.config.auth.token_key_file(&app.config.data);
    let keys = app.tokens.rotate(&path, app.clock.now(), at_once)?;
    let value = json!({
        "signing": keys.newest.id,
        "verifying": keys.older.iter().map(|key| json!({"id": key.id, "until": key.until})).collect::<Vec<_>>(),
    });
    let words = match keys.older.len() {
        0 => format!("the key {} signs access tokens; no older one verifies them", keys.newest.id),
        older => format!("the key {} signs access tokens; {older} older verify those that live", keys.newest.id),
    };
    Ok(Outcome { value, words })
}
