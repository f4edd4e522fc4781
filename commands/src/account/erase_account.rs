//! `EraseAccount`: an account's key is destroyed, and with it everything that its person wrote.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::AccountErased;
use domain::account::state::Account;
use domain::ids::AccountId;
use domain::keys::event::KeyDestroyed;
use domain::stream::StreamName;
use domain::words::{KeyRef, Subject};

/// Erases an account that is over and has settled. The keys store follows the event.
#[derive(Clone, Debug)]
pub struct EraseAccount {
    /// Which.
    pub account: AccountId,
}

impl Command for EraseAccount {
    fn name(&self) -> &'static str {
        "EraseAccount"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Write(StreamName::keys(Subject::Account(self.account)))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let generation = match states.account(self.account) {
            Account::Unknown => return Err(Refusal::NotFound(Missing::Account)),
            Account::Erased => return Ok(vec![]),
            Account::Ending { erases_at, generation } if context.now >= *erases_at => *generation,
            Account::Ending { .. } | Account::Active { .. } => return Err(Refusal::ErasureNotDue),
        };
        let subject = Subject::Account(self.account);
        let destroyed = KeyDestroyed { key: KeyRef { subject, generation } };
        let erased = AccountErased { account: self.account };
        Ok(vec![(states.primary(), erased.into()), (StreamName::keys(subject), destroyed.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, Happened, LONG_AGO, given, registered};
    use domain::account::event::{ErasureBegun, ErasureRequested};
    use domain::event::Event;

    const ERASE: EraseAccount = EraseAccount { account: ALICE };

    fn of_alice(event: impl Into<Event>) -> Happened {
        (StreamName::account(ALICE), event.into())
    }

    #[test]
    fn the_key_is_destroyed_in_the_same_unit_once_everything_has_settled() {
        let requested = of_alice(ErasureRequested { erases_at: LONG_AGO, reason: None });
        let begun = of_alice(ErasureBegun { erases_at: LONG_AGO.plus_seconds(60) });
        let ending = || [registered(ALICE), requested.clone(), begun.clone()];
        let key = KeyRef { subject: Subject::Account(ALICE), generation: 1 };
        let erased = of_alice(AccountErased { account: ALICE });
        let destroyed = (StreamName::keys(key.subject), KeyDestroyed { key }.into());
        given(ending()).after_seconds(60).when(ERASE).then([erased.clone(), destroyed.clone()]);
        given(ending()).after_seconds(59).when(ERASE).refused(Refusal::ErasureNotDue);
        given([registered(ALICE), requested.clone()]).after_seconds(60).when(ERASE).refused(Refusal::ErasureNotDue);
        let again = ending().into_iter().chain([erased, destroyed]);
        given(again).after_seconds(60).when(ERASE).then_it_is_already_so();
    }
}
