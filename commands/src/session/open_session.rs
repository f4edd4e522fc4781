//! `OpenSession`: somebody signed in.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::Refusal;
use domain::account::state::Account;
use domain::clock::Time;
use domain::ids::{AccountId, Hash16, SessionId};
use domain::proto::session::v1::DeviceWords;
use domain::session::event::SessionOpened;
use domain::session::state::Session;
use domain::stream::StreamName;
use domain::values::DeviceName;
use domain::words::Field;

/// Opens a session. The password was compared before, off the async threads; see [`super::credential`].
#[derive(Clone, Debug)]
pub struct OpenSession {
    /// A fresh id.
    pub session: SessionId,
    /// Whose user name was given.
    pub account: AccountId,
    /// Keyed hash of the refresh token.
    pub refresh_hash: Hash16,
    /// When the refresh token ends.
    pub refresh_expires_at: Time,
    /// What the device calls itself.
    pub device_name: Option<DeviceName>,
    /// The revision of the password that was compared and matched: if another one is set meanwhile, it opens nothing.
    pub credential_revision: u64,
}

impl Command for OpenSession {
    fn name(&self) -> &'static str {
        "OpenSession"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::session(self.session)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let is_current = match states.account(self.account) {
            Account::Unknown | Account::Ending { .. } | Account::Erased => false,
            Account::Active { credential_revision, .. } => *credential_revision == self.credential_revision,
        };
        if !is_current {
            return Err(Refusal::InvalidCredentials);
        }
        if *states.session() != Session::Unknown {
            return Ok(vec![]);
        }
        let opened = SessionOpened {
            account: self.account,
            refresh_hash: self.refresh_hash,
            refresh_expires_at: self.refresh_expires_at,
            device: self
                .device_name
                .as_ref()
                .map(|name| Field::Clear(DeviceWords { device_name: name.as_str().to_owned() })),
            credential_revision: Some(self.credential_revision),
            opened_at: Some(context.now),
        };
        Ok(vec![(states.primary(), opened.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, LONG_AGO, given, registered};
    use domain::account::event::PasswordChanged;
    use domain::proto::account::v1::CredentialWords;
    use uuid::Uuid;

    const SESSION: SessionId = SessionId::new(Uuid::from_u128(5));

    fn open(credential_revision: u64) -> OpenSession {
        OpenSession {
            session: SESSION,
            account: ALICE,
            refresh_hash: Hash16([3; 16]),
            refresh_expires_at: LONG_AGO,
            device_name: None,
            credential_revision,
        }
    }

    fn opened(credential_revision: u64) -> Happened {
        let opened = SessionOpened {
            account: ALICE,
            refresh_hash: Hash16([3; 16]),
            refresh_expires_at: LONG_AGO,
            device: None,
            credential_revision: Some(credential_revision),
            opened_at: Some(LONG_AGO),
        };
        (StreamName::session(SESSION), opened.into())
    }

    fn password_changed() -> Happened {
        let credential = Field::Clear(CredentialWords { password_hash: "new".into() });
        (StreamName::account(ALICE), PasswordChanged { credential, kept_session: None }.into())
    }

    #[test]
    fn the_right_password_opens_a_session() {
        given([registered(ALICE)]).when(open(0)).then([opened(0)]);
        given([registered(ALICE), password_changed()]).when(open(1)).then([opened(1)]);
    }

    #[test]
    fn a_password_that_was_changed_after_it_was_compared_opens_nothing() {
        given([registered(ALICE), password_changed()]).when(open(0)).refused(Refusal::InvalidCredentials);
    }

    #[test]
    fn an_unknown_account_is_refused_like_a_wrong_password() {
        given([]).when(open(0)).refused(Refusal::InvalidCredentials);
    }
}
