//! `DELETE /v1/sessions/{id}` and `DELETE /v1/sessions/current`: somebody signs out, elsewhere or here.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::{Endpoint, NoBody};
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use commands::execute::Done;
use commands::session::revoke_session;
use domain::session::values::RevocationReason;

/// The route of any session.
pub fn route() -> Route {
    Route::command::<RevokeSession>(Method::Delete, "/v1/sessions/{id}")
        .summary("Ends one of the caller's sessions.")
        .description("Its requests are refused and its sockets closed with 3503 within two seconds, on every node.")
        .answers_empty(204, "It is over.")
        .refuses(&[Code::NotFound])
}

/// The route of the session that asks.
pub fn route_current() -> Route {
    Route::command::<SignOut>(Method::Delete, "/v1/sessions/current")
        .summary("Ends the session that asks.")
        .answers_empty(204, "It is over.")
}

/// The command at the edge.
pub struct RevokeSession;

impl Endpoint for RevokeSession {
    const NAME: &'static str = "RevokeSession";
    const PATH: &'static [&'static str] = &["id"];
    type Body = NoBody;
    type Command = revoke_session::RevokeSession;

    fn command(caller: &Caller, path: &Path, _: &NoBody) -> Result<revoke_session::RevokeSession, Problem> {
        let session = path.id("id")?;
        let is_own = session == caller.session;
        let reason = if is_own { RevocationReason::SignedOut } else { RevocationReason::EndedByOwner };
        Ok(revoke_session::RevokeSession { session, reason })
    }

    async fn respond(app: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        done.events.iter().for_each(|event| app.revocations.take(event));
        Ok(Answer::empty(done))
    }
}

/// The same for the session that asks.
pub struct SignOut;

impl Endpoint for SignOut {
    const NAME: &'static str = "SignOut";
    const PATH: &'static [&'static str] = &[];
    type Body = NoBody;
    type Command = revoke_session::RevokeSession;

    fn command(caller: &Caller, _: &Path, _: &NoBody) -> Result<revoke_session::RevokeSession, Problem> {
        Ok(revoke_session::RevokeSession { session: caller.session, reason: RevocationReason::SignedOut })
    }

    async fn respond(app: &App, _: &Caller, _: &Path, _: NoBody, done: &Done) -> Result<Answer, Problem> {
        done.events.iter().for_each(|event| app.revocations.take(event));
        Ok(Answer::empty(done))
    }
}
