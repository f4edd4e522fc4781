//! `tidings account …`: what only the shell can do with accounts. Through the running server where one runs.

use crate::admin::protocol::Outcome;
use crate::app::App;
use crate::app::first_start::system;
use crate::auth::refresh_token::RefreshToken;
use crate::problem::Problem;
use anyhow::{Context, anyhow, bail};
use clap::Subcommand;
use commands::account::change_password::ChangePassword;
use commands::account::grant_role::GrantRole;
use commands::account::register_account::RegisterAccount;
use commands::execute::Failure;
use commands::refusal::Refusal;
use commands::session::credential::{Credential, credential};
use commands::session::open_session::OpenSession;
use domain::account::values::{Role, Username};
use domain::ids::{AccountId, SessionId};
use domain::values::Password;
use serde_json::json;
use uuid::Uuid;

/// What can be done with accounts.
#[derive(Subcommand)]
pub enum Command {
    /// Make an account. It signs in once it has a password.
    #[command(after_help = "Example:\n  tidings account create eve --role auditor")]
    Create {
        /// Its user name.
        name: String,
        /// What it may do: user, moderator, analyst, auditor or admin.
        #[arg(long, default_value = "user", value_parser = parse_role)]
        role: Role,
    },
    /// Set a password, read from standard input.
    #[command(after_help = "Example:\n  tidings account password eve < password.txt")]
    Password {
        /// Whose.
        name: String,
    },
    /// Give an account another role.
    #[command(after_help = "Example:\n  tidings account role eve analyst")]
    Role {
        /// Whose.
        name: String,
        /// user, moderator, analyst, auditor or admin.
        #[arg(value_parser = parse_role)]
        role: Role,
    },
    /// Open a session and print its access token.
    #[command(after_help = "Example:\n  curl -H \"Authorization: Bearer $(tidings account token eve)\" …")]
    Token {
        /// Whose.
        name: String,
    },
}

fn parse_role(text: &str) -> Result<Role, &'static str> {
    Role::parse(text).ok_or("must be user, moderator, analyst, auditor or admin")
}

/// Does it. `input` is what stood on standard input.
///
/// # Errors
/// When nobody has the name, or it is refused.
pub async fn act(command: Command, app: &App, input: &str) -> anyhow::Result<Outcome> {
    match command {
        Command::Create { name, role } => create(app, &name, role).await,
        Command::Password { name } => set_password(app, &name, input).await,
        Command::Role { name, role } => grant(app, &name, role).await,
        Command::Token { name } => token(app, &name).await,
    }
}

fn outcome(value: serde_json::Value, words: String) -> anyhow::Result<Outcome> {
    Ok(Outcome { value, words })
}

async fn create(app: &App, name: &str, role: Role) -> anyhow::Result<Outcome> {
    let username = Username::parse(name).map_err(|invalid| anyhow!("the user name {invalid}"))?;
    let account = AccountId::new(Uuid::now_v7());
    let command = RegisterAccount { account, username, display_name: None, password_hash: None };
    match app.executor.execute(command, system()).await {
        Ok(_) => {}
        Err(Failure::Refused(Refusal::UsernameTaken, _)) => bail!("the user name {name} is taken"),
        Err(failure) => return Err(failure).context("the account could not be made"),
    }
    if role != Role::default() {
        app.executor.execute(GrantRole { account, role, reason: None }, system()).await?;
    }
    let result = json!({"id": account, "username": name, "role": role});
    outcome(result, format!("made the account {name} ({account}) with the role {}", role.as_str()))
}

async fn set_password(app: &App, name: &str, text: &str) -> anyhow::Result<Outcome> {
    let account = find(app, name).await?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let password = Password::parse(text.strip_suffix('\r').unwrap_or(text));
    let password = password.map_err(|invalid| anyhow!("the password {invalid}"))?;
    let password_hash = app.passwords.hash(password).await.map_err(told)?;
    app.executor
        .execute(ChangePassword { account, password_hash, compared_revision: None, kept_session: None }, system())
        .await?;
    outcome(json!({"id": account, "username": name}), format!("set the password of {name}"))
}

async fn grant(app: &App, name: &str, role: Role) -> anyhow::Result<Outcome> {
    let account = find(app, name).await?;
    app.executor.execute(GrantRole { account, role, reason: None }, system()).await?;
    let result = json!({"id": account, "username": name, "role": role});
    outcome(result, format!("{name} has the role {}", role.as_str()))
}

/// The one place that prints a secret, because it is asked for it.
async fn token(app: &App, name: &str) -> anyhow::Result<Outcome> {
    let Credential { account, revision, .. } = find_credential(app, name).await?;
    let (session, now) = (SessionId::new(Uuid::now_v7()), app.clock.now());
    // Its refresh token is thrown away: the session ends with the access token.
    let refresh_token = RefreshToken::fresh(&*app.words, session).map_err(told)?;
    let command = OpenSession {
        session,
        account,
        refresh_hash: refresh_token.hash(&*app.words),
        refresh_expires_at: now.plus_seconds(app.tokens.life_seconds()),
        device_name: None,
        credential_revision: revision,
    };
    app.executor.execute(command, system()).await?;
    let access_token = app.tokens.issue(account, session, revision, now).map_err(told)?;
    let result = json!({"access_token": access_token, "token_type": "Bearer", "expires_in": app.tokens.life_seconds()});
    outcome(result, access_token)
}

async fn find(app: &App, name: &str) -> anyhow::Result<AccountId> {
    Ok(find_credential(app, name).await?.account)
}

async fn find_credential(app: &App, name: &str) -> anyhow::Result<Credential> {
    let username = Username::parse_any(name).map_err(|invalid| anyhow!("the user name {invalid}"))?;
    let known = credential(&app.executor, &username).await?;
    known.with_context(|| format!("nobody has the user name {name}"))
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.code().title())
}
