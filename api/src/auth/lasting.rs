//! How long a connection lives that outlives its request: as long as its session.
//!
//! Not as long as the access token that it was opened with: the client refreshes over HTTP meanwhile, and would only come
//! back with the next token. A session is over when it is revoked, when its password is changed, or when its refresh token
//! ended unused; the log is asked for the last once the access token is over, and again whenever that time has come.

use crate::app::App;
use crate::auth::caller::Caller;
use domain::clock::Time;
use domain::session::state::Session;
use domain::state::State;
use domain::stream::StreamName;
use std::time::Duration;

/// How soon to ask again when the log does not answer, and how long to sleep at most: clocks are set.
const ASK_AGAIN: Duration = Duration::from_secs(60);

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The session is over.
    Session,
    /// Every token of the time when it was opened was ended at once. The session goes on: a new token can be had.
    Token,
}

/// Ends when the caller's session is over, or no token of that time counts any more.
pub async fn lasting(app: &App, caller: Caller) -> Over {
    let Ok(watch) = app.revocations.watch(caller) else { return Over::Session };
    tokio::select! {
        () = watch.over() => Over::Session,
        () = ended(app, caller) => Over::Session,
        () = app.tokens.withdrawn(caller) => Over::Token,
    }
}

async fn ended(app: &App, caller: Caller) {
    let mut until = caller.expires_at;
    loop {
        let left = until.micros().saturating_sub(app.clock.now().micros());
        if left > 0 {
            let left = Duration::from_micros(left.unsigned_abs());
            tokio::time::sleep(left.min(ASK_AGAIN)).await;
            continue;
        }
        match open_until(app, caller).await {
            Ok(Some(later)) if later > app.clock.now() => until = later,
            Ok(_) => return,
            Err(failure) => {
                tracing::warn!(error = %failure, "a session could not be looked at");
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
    }
}

/// When the session ends unless it is refreshed; none when it is over.
async fn open_until(app: &App, caller: Caller) -> Result<Option<Time>, commands::execute::Failure> {
    let session = app.executor.current(&StreamName::session(caller.session)).await?;
    let State::Session(Session::Open(open)) = &*session else { return Ok(None) };
    let account = app.executor.current(&StreamName::account(open.account)).await?;
    let State::Account(account) = &*account else { return Ok(None) };
    Ok(account.accepts(caller.session, open.credential_revision).then_some(open.refresh_expires_at))
}
