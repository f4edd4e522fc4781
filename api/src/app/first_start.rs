//! The first start: the account `admin`, with a password that only its file knows.

use crate::app::App;
use crate::secrets;
use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commands::account::grant_role::GrantRole;
use commands::account::register_account::RegisterAccount;
use commands::command::Envelope;
use commands::session::credential::credential;
use domain::account::values::{Role, Username};
use domain::event::Event;
use domain::ids::AccountId;
use domain::source::Direction;
use domain::stream::StreamName;
use domain::values::Password;
use std::path::Path;
use uuid::Uuid;

/// The administrator's user name.
pub const ADMIN: &str = "admin";
/// The file with their first password.
pub const PASSWORD_FILE: &str = "admin-password";
/// Events of the administrator's account that are looked at.
const ADMIN_EVENTS: usize = 256;

/// Makes the account `admin` unless it is there. What an interrupted first start left undone is done.
///
/// # Errors
/// When the account or the password's file cannot be made.
pub async fn make_admin(app: &App) -> anyhow::Result<()> {
    let username = Username::parse_any(ADMIN)?;
    let account = match credential(&app.executor, &username).await? {
        Some(known) => known.account,
        None => register(app, username).await?,
    };
    if !was_ever_given_a_role(app, account).await? {
        let grant = GrantRole { account, role: Role::Admin, reason: None };
        app.executor.execute(grant, system()).await?;
    }
    Ok(())
}

/// What the system itself wants.
pub fn system() -> Envelope {
    Envelope { correlation_id: Uuid::now_v7(), ..Envelope::default() }
}

async fn register(app: &App, username: Username) -> anyhow::Result<AccountId> {
    let password = password(&app.config.data.join(PASSWORD_FILE))?;
    let password_hash = Some(app.passwords.hash(password).await.map_err(|problem| {
        anyhow::anyhow!("the administrator's password could not be hashed: {}", problem.code().title())
    })?);
    let account = AccountId::new(Uuid::now_v7());
    let command = RegisterAccount { account, username, display_name: None, password_hash };
    app.executor.execute(command, system()).await.context("the account `admin` could not be made")?;
    tracing::info!(file = PASSWORD_FILE, "made the account `admin`; its password stands in the file");
    Ok(account)
}

/// The password in the file, which is made before the account, so that no crash leaves an account without one.
fn password(file: &Path) -> anyhow::Result<Password> {
    if !file.exists() {
        let text = URL_SAFE_NO_PAD.encode(secrets::random::<18>()?);
        secrets::write_private(file, format!("{text}\n").as_bytes())?;
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Password::parse(text.trim_end()).map_err(|invalid| anyhow::anyhow!("{}: {invalid}", file.display()))
}

async fn was_ever_given_a_role(app: &App, account: AccountId) -> anyhow::Result<bool> {
    let stream = StreamName::account(account);
    let slice = app.log.read_stream(&stream, 0, Direction::Forward, ADMIN_EVENTS).await?;
    Ok(slice.events.iter().any(|recorded| matches!(recorded.event, Event::RoleGranted(_))))
}
