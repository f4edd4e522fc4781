//! `GrantRole`: an account has another role from now on.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::RoleGranted;
use domain::account::state::Account;
use domain::account::values::Role;
use domain::ids::AccountId;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::words::Field;

/// Grants a role. Who may do so is the caller's to know.
#[derive(Clone)]
pub struct GrantRole {
    /// To whom.
    pub account: AccountId,
    /// Which.
    pub role: Role,
    /// Why.
    pub reason: Option<String>,
}

impl Command for GrantRole {
    fn name(&self) -> &'static str {
        "GrantRole"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        match states.account(self.account) {
            Account::Unknown => Err(Refusal::NotFound(Missing::Account)),
            Account::Active { role, .. } if *role == self.role => Ok(vec![]),
            Account::Active { .. } => {
                let reason = self.reason.clone().map(|reason| Field::Clear(ReasonWords { reason }));
                Ok(vec![(states.primary(), RoleGranted { role: self.role, reason }.into())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, given, registered};

    fn grant(role: Role) -> GrantRole {
        GrantRole { account: ALICE, role, reason: None }
    }

    #[test]
    fn an_account_gets_a_role() {
        given([registered(ALICE)])
            .when(grant(Role::Auditor))
            .then([(StreamName::account(ALICE), RoleGranted { role: Role::Auditor, reason: None }.into())]);
    }

    #[test]
    fn a_role_that_it_has_is_already_so() {
        given([registered(ALICE)]).when(grant(Role::User)).then_it_is_already_so();
    }

    #[test]
    fn an_unknown_account_is_not_found() {
        given([]).when(grant(Role::Admin)).refused(Refusal::NotFound(Missing::Account));
    }
}
