//! `RevokeSession`: somebody signs out, here or of another device.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::ids::SessionId;
use domain::session::event::SessionRevoked;
use domain::session::state::Session;
use domain::session::values::RevocationReason;
use domain::stream::StreamName;

/// Ends a session of the actor.
#[derive(Clone, Debug)]
pub struct RevokeSession {
    /// Which.
    pub session: SessionId,
    /// Whether it ends itself.
    pub reason: RevocationReason,
}

impl Command for RevokeSession {
    fn name(&self) -> &'static str {
        "RevokeSession"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::session(self.session)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        match states.session() {
            session if session.account() != Some(actor) => Err(Refusal::NotFound(Missing::Session)),
            Session::Unknown => Err(Refusal::NotFound(Missing::Session)),
            Session::Revoked { .. } => Ok(vec![]),
            Session::Open(_) => {
                let revoked = SessionRevoked { account: actor, reason: self.reason };
                Ok(vec![(states.primary(), revoked.into())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, LONG_AGO, given};
    use domain::ids::Hash16;
    use domain::session::event::SessionOpened;
    use uuid::Uuid;

    const SESSION: SessionId = SessionId::new(Uuid::from_u128(5));
    const REVOKE: RevokeSession = RevokeSession { session: SESSION, reason: RevocationReason::SignedOut };

    fn opened() -> Happened {
        let opened = SessionOpened {
            account: ALICE,
            refresh_hash: Hash16([3; 16]),
            refresh_expires_at: LONG_AGO,
            device: None,
            credential_revision: Some(0),
            opened_at: Some(LONG_AGO),
        };
        (StreamName::session(SESSION), opened.into())
    }

    fn revoked() -> Happened {
        (StreamName::session(SESSION), SessionRevoked { account: ALICE, reason: RevocationReason::SignedOut }.into())
    }

    #[test]
    fn one_ends_ones_own_session_once() {
        given([opened()]).by(ALICE).when(REVOKE).then([revoked()]);
        given([opened(), revoked()]).by(ALICE).when(REVOKE).then_it_is_already_so();
    }

    #[test]
    fn the_sessions_of_others_do_not_exist() {
        given([opened()]).by(BOB).when(REVOKE).refused(Refusal::NotFound(Missing::Session));
        given([opened(), revoked()]).by(BOB).when(REVOKE).refused(Refusal::NotFound(Missing::Session));
        given([]).by(ALICE).when(REVOKE).refused(Refusal::NotFound(Missing::Session));
    }

    #[test]
    fn nobody_who_is_not_signed_in_ends_a_session() {
        given([opened()]).when(REVOKE).refused(Refusal::NotSignedIn);
    }
}
