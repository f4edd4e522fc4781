//! `BeginErasure`: an account is over. From here on it can only be erased.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::{AdminsChanged, ErasureBegun};
use domain::account::state::Account;
use domain::event::Event;
use domain::ids::AccountId;
use domain::limits::ERASURE_SETTLE_SECONDS;
use domain::stream::StreamName;

/// Ends an account whose erasure is due.
#[derive(Clone, Debug)]
pub struct BeginErasure {
    /// Which.
    pub account: AccountId,
}

impl Command for BeginErasure {
    fn name(&self) -> &'static str {
        "BeginErasure"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Write(StreamName::admins())]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let erasure = match states.account(self.account) {
            Account::Unknown => return Err(Refusal::NotFound(Missing::Account)),
            Account::Ending { .. } | Account::Erased => return Ok(vec![]),
            Account::Active { erasure, .. } => *erasure,
        };
        if erasure.is_none_or(|erasure| context.now < erasure.erases_at) {
            return Err(Refusal::ErasureNotDue);
        }
        let begun = ErasureBegun { erases_at: context.now.plus_seconds(ERASURE_SETTLE_SECONDS) };
        let mut events: Vec<(StreamName, Event)> = vec![(states.primary(), begun.into())];
        let admins = states.admins();
        if admins.accounts.contains(&self.account) {
            if !admins.has_others_than(self.account) {
                return Err(Refusal::LastAdmin);
            }
            events.push((StreamName::admins(), AdminsChanged { account: self.account, is_admin: false }.into()));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, LONG_AGO, admin, given, registered};
    use domain::account::event::{ErasureCancelled, ErasureRequested};

    const BEGIN: BeginErasure = BeginErasure { account: ALICE };

    fn of_alice(event: impl Into<Event>) -> Happened {
        (StreamName::account(ALICE), event.into())
    }

    fn requested() -> Happened {
        of_alice(ErasureRequested { erases_at: LONG_AGO.plus_seconds(10), reason: None })
    }

    fn begun() -> Happened {
        of_alice(ErasureBegun { erases_at: LONG_AGO.plus_seconds(10 + ERASURE_SETTLE_SECONDS) })
    }

    #[test]
    fn it_begins_when_it_is_due_and_not_before_and_not_when_it_was_cancelled() {
        let asked = || [registered(ALICE), requested()];
        given(asked()).after_seconds(10).when(BEGIN).then([begun()]);
        given(asked()).after_seconds(9).when(BEGIN).refused(Refusal::ErasureNotDue);
        let cancelled = asked().into_iter().chain([of_alice(ErasureCancelled {})]);
        given(cancelled).after_seconds(10).when(BEGIN).refused(Refusal::ErasureNotDue);
        given(asked().into_iter().chain([begun()])).after_seconds(10).when(BEGIN).then_it_is_already_so();
    }

    #[test]
    fn an_administrator_ends_only_beside_another() {
        let alone = admin(ALICE).into_iter().chain([requested()]);
        given(alone).after_seconds(10).when(BEGIN).refused(Refusal::LastAdmin);
        let two = admin(ALICE).into_iter().chain(admin(BOB)).chain([requested()]);
        let changed = AdminsChanged { account: ALICE, is_admin: false };
        given(two).after_seconds(10).when(BEGIN).then([begun(), (StreamName::admins(), changed.into())]);
    }
}
