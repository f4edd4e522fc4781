//! `CancelErasure`: an account is not to be erased after all.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::ErasureCancelled;
use domain::account::state::{Account, Erasure};
use domain::stream::StreamName;

/// Takes the actor's own request back.
#[derive(Clone, Debug)]
pub struct CancelErasure;

impl Command for CancelErasure {
    fn name(&self) -> &'static str {
        "CancelErasure"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::account(names.actor_or_nil())
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        match states.account(context.actor()?) {
            Account::Unknown => Err(Refusal::NotFound(Missing::Account)),
            Account::Ending { .. } | Account::Erased => Err(Refusal::ErasureBegun),
            Account::Active { erasure: None, .. } => Ok(vec![]),
            Account::Active { erasure: Some(Erasure { by_admin: true, .. }), .. } => Err(Refusal::NotPermitted),
            Account::Active { erasure: Some(_), .. } => Ok(vec![(states.primary(), ErasureCancelled {}.into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, LONG_AGO, given, registered};
    use domain::account::event::{ErasureBegun, ErasureRequested};
    use domain::event::Event;
    use domain::proto::account::v1::ReasonWords;
    use domain::words::Field;

    fn of_alice(event: impl Into<Event>) -> crate::scenario::Happened {
        (StreamName::account(ALICE), event.into())
    }

    #[test]
    fn a_person_takes_back_what_they_asked_for() {
        let requested = || of_alice(ErasureRequested { erases_at: LONG_AGO, reason: None });
        let cancelled = of_alice(ErasureCancelled {});
        given([registered(ALICE), requested()]).by(ALICE).when(CancelErasure).then([cancelled.clone()]);
        given([registered(ALICE), requested(), cancelled]).by(ALICE).when(CancelErasure).then_it_is_already_so();
        let begun = of_alice(ErasureBegun { erases_at: LONG_AGO });
        given([registered(ALICE), requested(), begun]).by(ALICE).when(CancelErasure).refused(Refusal::ErasureBegun);
    }

    #[test]
    fn what_an_administrator_ordered_stays() {
        let reason = Some(Field::Clear(ReasonWords { reason: "a ruling".into() }));
        let ordered = of_alice(ErasureRequested { erases_at: LONG_AGO, reason });
        given([registered(ALICE), ordered]).by(ALICE).when(CancelErasure).refused(Refusal::NotPermitted);
    }
}
