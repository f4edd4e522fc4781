//! `ChangePassword`: an account signs in with another password from now on.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::PasswordChanged;
use domain::ids::AccountId;
use domain::proto::account::v1::CredentialWords;
use domain::stream::StreamName;
use domain::words::Field;

/// Sets a password, the first one too. Who may do so is the caller's to know.
#[derive(Clone)]
pub struct ChangePassword {
    /// Whose.
    pub account: AccountId,
    /// In PHC form.
    pub password_hash: String,
}

impl Command for ChangePassword {
    fn name(&self) -> &'static str {
        "ChangePassword"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        if !states.account(self.account).exists() {
            return Err(Refusal::NotFound(Missing::Account));
        }
        let credential = Field::Clear(CredentialWords { password_hash: self.password_hash.clone() });
        Ok(vec![(states.primary(), PasswordChanged { credential }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, given, registered};

    #[test]
    fn an_account_gets_another_password() {
        let credential = Field::Clear(CredentialWords { password_hash: "new".into() });
        given([registered(ALICE)])
            .when(ChangePassword { account: ALICE, password_hash: "new".into() })
            .then([(StreamName::account(ALICE), PasswordChanged { credential }.into())]);
    }

    #[test]
    fn an_unknown_account_is_not_found() {
        given([])
            .when(ChangePassword { account: ALICE, password_hash: "new".into() })
            .refused(Refusal::NotFound(Missing::Account));
    }
}
