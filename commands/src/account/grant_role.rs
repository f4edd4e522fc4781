//! `GrantRole`: an account has another role from now on.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::{AdminsChanged, RoleGranted};
use domain::account::state::Account;
use domain::account::values::Role;
use domain::ids::AccountId;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Grants a role: administrators do, and the shell without an actor.
#[derive(Clone, Debug)]
pub struct GrantRole {
    /// To whom.
    pub account: AccountId,
    /// Which.
    pub role: Role,
    /// Why.
    pub reason: Option<Reason>,
}

impl Command for GrantRole {
    fn name(&self) -> &'static str {
        "GrantRole"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        // Two who take the role from each other at once both write the one stream of administrators.
        let actor = names.actor.filter(|actor| *actor != self.account);
        let actor = actor.map(|actor| Read::Check(StreamName::account(actor)));
        actor.into_iter().chain([Read::Write(StreamName::admins())]).collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        if context.actor.is_some_and(|actor| states.account(actor).role() != Role::Admin) {
            return Err(Refusal::RoleRequired);
        }
        let account = states.account(self.account);
        let Account::Active { role, .. } = account else { return Err(Refusal::NotFound(Missing::Account)) };
        let (admins, will_be_admin) = (states.admins(), self.role == Role::Admin);
        let mut events = Vec::new();
        if *role != self.role {
            if *role == Role::Admin && !admins.has_others_than(self.account) {
                return Err(Refusal::LastAdmin);
            }
            let reason = self.reason.as_ref().map(|reason| ReasonWords { reason: reason.as_str().to_owned() });
            let granted = RoleGranted { role: self.role, reason: reason.map(Field::Clear) };
            events.push((states.primary(), granted.into()));
        }
        if admins.accounts.contains(&self.account) != will_be_admin {
            let changed = AdminsChanged { account: self.account, is_admin: will_be_admin };
            events.push((StreamName::admins(), changed.into()));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, Happened, given, registered};

    fn grant(account: AccountId, role: Role) -> GrantRole {
        GrantRole { account, role, reason: None }
    }

    fn granted(account: AccountId, role: Role) -> Happened {
        (StreamName::account(account), RoleGranted { role, reason: None }.into())
    }

    fn listed(account: AccountId, is_admin: bool) -> Happened {
        (StreamName::admins(), AdminsChanged { account, is_admin }.into())
    }

    fn admins(accounts: &[AccountId]) -> Vec<Happened> {
        let each = |account: &AccountId| [registered(*account), granted(*account, Role::Admin), listed(*account, true)];
        accounts.iter().flat_map(each).collect()
    }

    #[test]
    fn the_shell_and_administrators_grant_roles() {
        given([registered(ALICE)]).when(grant(ALICE, Role::Auditor)).then([granted(ALICE, Role::Auditor)]);
        let with_alice = || admins(&[BOB]).into_iter().chain([registered(ALICE)]);
        let reason = Some(Reason::parse("she asked").unwrap());
        let words = Some(Field::Clear(ReasonWords { reason: "she asked".into() }));
        let outcome = given(with_alice()).by(BOB).when(GrantRole { reason, ..grant(ALICE, Role::Moderator) });
        outcome.rests_on(&StreamName::account(BOB));
        let event = RoleGranted { role: Role::Moderator, reason: words };
        outcome.then([(StreamName::account(ALICE), event.into())]);
        given(with_alice())
            .by(BOB)
            .when(grant(ALICE, Role::Admin))
            .then([granted(ALICE, Role::Admin), listed(ALICE, true)]);
    }

    #[test]
    fn nobody_else_does() {
        let others = [registered(ALICE), registered(BOB), granted(BOB, Role::Auditor)];
        for actor in [ALICE, BOB, CAROL] {
            given(others.clone()).by(actor).when(grant(actor, Role::Admin)).refused(Refusal::RoleRequired);
        }
    }

    #[test]
    fn the_last_administrator_stays_one() {
        given(admins(&[ALICE])).by(ALICE).when(grant(ALICE, Role::User)).refused(Refusal::LastAdmin);
        given(admins(&[ALICE])).when(grant(ALICE, Role::User)).refused(Refusal::LastAdmin);
        let outcome = given(admins(&[ALICE, BOB])).by(ALICE).when(grant(BOB, Role::User));
        outcome.rests_on(&StreamName::admins());
        outcome.then([granted(BOB, Role::User), listed(BOB, false)]);
        let one_left = admins(&[ALICE, BOB]).into_iter().chain([granted(BOB, Role::User), listed(BOB, false)]);
        given(one_left).by(ALICE).when(grant(ALICE, Role::Analyst)).refused(Refusal::LastAdmin);
    }

    #[test]
    fn a_role_that_it_has_is_already_so() {
        given([registered(ALICE)]).when(grant(ALICE, Role::User)).then_it_is_already_so();
        given(admins(&[ALICE])).when(grant(ALICE, Role::Admin)).then_it_is_already_so();
    }

    #[test]
    fn an_administrator_of_before_there_was_a_list_is_listed_by_the_next_grant() {
        let unlisted = [registered(ALICE), granted(ALICE, Role::Admin)];
        given(unlisted.clone()).when(grant(ALICE, Role::User)).refused(Refusal::LastAdmin);
        given(unlisted).when(grant(ALICE, Role::Admin)).then([listed(ALICE, true)]);
    }

    #[test]
    fn an_unknown_account_is_not_found() {
        given([]).when(grant(ALICE, Role::Admin)).refused(Refusal::NotFound(Missing::Account));
    }
}
