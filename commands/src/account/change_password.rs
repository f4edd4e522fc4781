//! `ChangePassword`: an account signs in with another password from now on.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::PasswordChanged;
use domain::account::state::Account;
use domain::ids::{AccountId, SessionId};
use domain::proto::account::v1::CredentialWords;
use domain::stream::StreamName;
use domain::words::Field;

/// Sets a password, the first one too. Every session ends with it but one. Who may do so is the caller's to know.
#[derive(Clone)]
pub struct ChangePassword {
    /// Whose.
    pub account: AccountId,
    /// In PHC form.
    pub password_hash: String,
    /// The revision of the password that the old one was compared with; none when nobody was asked for it.
    pub compared_revision: Option<u64>,
    /// The one session that goes on.
    pub kept_session: Option<SessionId>,
}

impl Command for ChangePassword {
    fn name(&self) -> &'static str {
        "ChangePassword"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        let Account::Active { credential_revision, .. } = states.account(self.account) else {
            return Err(Refusal::NotFound(Missing::Account));
        };
        if self.compared_revision.is_some_and(|compared| compared != *credential_revision) {
            return Err(Refusal::WrongPassword);
        }
        let credential = Field::Clear(CredentialWords { password_hash: self.password_hash.clone() });
        Ok(vec![(states.primary(), PasswordChanged { credential, kept_session: self.kept_session }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, given, registered};

    const SESSION: SessionId = SessionId::new(uuid::Uuid::from_u128(5));

    fn change(compared_revision: Option<u64>) -> ChangePassword {
        let (password_hash, kept_session) = ("new".into(), Some(SESSION));
        ChangePassword { account: ALICE, password_hash, compared_revision, kept_session }
    }

    fn changed() -> Happened {
        let credential = Field::Clear(CredentialWords { password_hash: "new".into() });
        (StreamName::account(ALICE), PasswordChanged { credential, kept_session: Some(SESSION) }.into())
    }

    #[test]
    fn an_account_gets_another_password() {
        given([registered(ALICE)]).when(change(None)).then([changed()]);
        given([registered(ALICE)]).when(change(Some(0))).then([changed()]);
    }

    #[test]
    fn a_password_that_is_the_old_one_no_more_changes_nothing() {
        given([registered(ALICE), changed()]).when(change(Some(0))).refused(Refusal::WrongPassword);
        given([registered(ALICE), changed()]).when(change(Some(1))).then([changed()]);
    }

    #[test]
    fn an_unknown_account_is_not_found() {
        given([]).when(change(None)).refused(Refusal::NotFound(Missing::Account));
    }
}
