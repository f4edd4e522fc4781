//! `RefreshSession`: a refresh token is used, once, and another one takes its place.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::clock::Time;
use domain::ids::{Hash16, SessionId};
use domain::session::event::{SessionRefreshed, SessionRevoked};
use domain::session::state::Session;
use domain::session::values::RevocationReason;
use domain::stream::StreamName;
use domain::words::{Field, SealedField};

/// Refreshes a session. That the token is one of ours, of this session, is known before.
///
/// A token of the session that is not its newest one was used before, so somebody may have a copy: the session ends
/// (RFC 9700, 4.14.2). There is no grace for an answer that was lost: it would be one for the copy, too.
#[derive(Clone, Debug)]
pub struct RefreshSession {
    /// Which.
    pub session: SessionId,
    /// Keyed hash of the token that is used.
    pub used_hash: Hash16,
    /// Keyed hash of the token that takes its place.
    pub refresh_hash: Hash16,
    /// When that one ends.
    pub refresh_expires_at: Time,
}

impl Command for RefreshSession {
    fn name(&self) -> &'static str {
        "RefreshSession"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::session(self.session)
    }

    fn then_reads(&self, _names: &Names<'_>, states: &States) -> Vec<Read> {
        states.session().account().map(|account| Read::Check(StreamName::account(account))).into_iter().collect()
    }

    fn opens(&self, states: &States) -> Vec<SealedField> {
        match states.session() {
            Session::Open(open) => open.device.as_ref().and_then(Field::sealed).cloned().into_iter().collect(),
            Session::Unknown | Session::Revoked { .. } => Vec::new(),
        }
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let Session::Open(open) = states.session() else { return Err(Refusal::InvalidRefreshToken) };
        let account = states.account(open.account);
        if open.refresh_expires_at <= context.now || !account.accepts(self.session, open.credential_revision) {
            return Err(Refusal::InvalidRefreshToken);
        }
        if !open.refresh_hash.is_same_secret(self.used_hash) {
            let revoked = SessionRevoked { account: open.account, reason: RevocationReason::TokenReused };
            return Ok(vec![(states.primary(), revoked.into())]);
        }
        let refreshed = SessionRefreshed {
            account: open.account,
            refresh_hash: self.refresh_hash,
            refresh_expires_at: self.refresh_expires_at,
            device: open.device.as_ref().and_then(|device| context.words_of(device)).map(Field::Clear),
            credential_revision: open.credential_revision,
            opened_at: open.opened_at,
        };
        Ok(vec![(states.primary(), refreshed.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, LONG_AGO, given, registered};
    use domain::account::event::PasswordChanged;
    use domain::proto::account::v1::CredentialWords;
    use domain::proto::session::v1::DeviceWords;
    use domain::session::event::SessionOpened;
    use uuid::Uuid;

    const SESSION: SessionId = SessionId::new(Uuid::from_u128(5));
    const FIRST: Hash16 = Hash16([1; 16]);
    const SECOND: Hash16 = Hash16([2; 16]);
    const THIRD: Hash16 = Hash16([3; 16]);

    fn device() -> Option<Field<DeviceWords>> {
        Some(Field::Clear(DeviceWords { device_name: "telephone".into() }))
    }

    fn opened() -> Happened {
        let opened = SessionOpened {
            account: ALICE,
            refresh_hash: FIRST,
            refresh_expires_at: LONG_AGO.plus_seconds(100),
            device: device(),
            credential_revision: Some(0),
            opened_at: Some(LONG_AGO),
        };
        (StreamName::session(SESSION), opened.into())
    }

    fn refreshed(refresh_hash: Hash16) -> Happened {
        let refreshed = SessionRefreshed {
            account: ALICE,
            refresh_hash,
            refresh_expires_at: LONG_AGO.plus_seconds(200),
            device: device(),
            credential_revision: 0,
            opened_at: LONG_AGO,
        };
        (StreamName::session(SESSION), refreshed.into())
    }

    fn revoked(reason: RevocationReason) -> Happened {
        (StreamName::session(SESSION), SessionRevoked { account: ALICE, reason }.into())
    }

    fn password_changed(kept_session: Option<SessionId>) -> Happened {
        let credential = Field::Clear(CredentialWords { password_hash: "new".into() });
        (StreamName::account(ALICE), PasswordChanged { credential, kept_session }.into())
    }

    fn refresh(used_hash: Hash16, refresh_hash: Hash16) -> RefreshSession {
        let refresh_expires_at = LONG_AGO.plus_seconds(200);
        RefreshSession { session: SESSION, used_hash, refresh_hash, refresh_expires_at }
    }

    #[test]
    fn the_newest_token_is_replaced() {
        given([registered(ALICE), opened()]).when(refresh(FIRST, SECOND)).then([refreshed(SECOND)]);
        given([registered(ALICE), opened(), refreshed(SECOND)]).when(refresh(SECOND, THIRD)).then([refreshed(THIRD)]);
    }

    #[test]
    fn a_token_that_was_used_before_ends_the_session() {
        given([registered(ALICE), opened(), refreshed(SECOND)])
            .when(refresh(FIRST, THIRD))
            .then([revoked(RevocationReason::TokenReused)]);
    }

    #[test]
    fn a_session_that_is_over_is_not_refreshed() {
        given([registered(ALICE)]).when(refresh(FIRST, SECOND)).refused(Refusal::InvalidRefreshToken);
        given([registered(ALICE), opened(), revoked(RevocationReason::SignedOut)])
            .when(refresh(FIRST, SECOND))
            .refused(Refusal::InvalidRefreshToken);
        given([registered(ALICE), opened()])
            .after_seconds(100)
            .when(refresh(FIRST, SECOND))
            .refused(Refusal::InvalidRefreshToken);
    }

    #[test]
    fn of_the_sessions_of_before_a_new_password_only_the_kept_one_goes_on() {
        given([registered(ALICE), opened(), password_changed(None)])
            .when(refresh(FIRST, SECOND))
            .refused(Refusal::InvalidRefreshToken);
        given([registered(ALICE), opened(), password_changed(Some(SESSION))])
            .when(refresh(FIRST, SECOND))
            .then([refreshed(SECOND)]);
        let (kept, not_kept) = (password_changed(Some(SESSION)), password_changed(None));
        given([registered(ALICE), opened(), kept, not_kept])
            .when(refresh(FIRST, SECOND))
            .refused(Refusal::InvalidRefreshToken);
    }

    #[test]
    fn a_refresh_rests_on_the_account() {
        given([registered(ALICE), opened()]).when(refresh(FIRST, SECOND)).rests_on(&StreamName::account(ALICE));
    }
}
