//! `RequestErasure`: an account is to be erased after a while.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::account::event::ErasureRequested;
use domain::account::state::{Account, Erasure};
use domain::account::values::Role;
use domain::ids::AccountId;
use domain::proto::account::v1::ReasonWords;
use domain::stream::StreamName;
use domain::values::Reason;
use domain::words::Field;

/// Requests an account's erasure: its person for themselves, or an administrator with a reason.
#[derive(Clone, Debug)]
pub struct RequestErasure {
    /// Which.
    pub account: AccountId,
    /// Seconds until then.
    pub wait_seconds: i64,
    /// Why, of an administrator.
    pub reason: Option<Reason>,
}

impl Command for RequestErasure {
    fn name(&self) -> &'static str {
        "RequestErasure"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::account(self.account)
    }

    fn reads(&self, names: &Names<'_>) -> Vec<Read> {
        let actor = names.actor.filter(|actor| *actor != self.account);
        let actor = actor.map(|actor| Read::Check(StreamName::account(actor)));
        actor.into_iter().chain([Read::Check(StreamName::admins())]).collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        match &self.reason {
            Some(_) if states.account(actor).role() != Role::Admin => return Err(Refusal::RoleRequired),
            None if actor != self.account => return Err(Refusal::ReasonRequired),
            Some(_) | None => {}
        }
        let (role, erasure) = match states.account(self.account) {
            Account::Unknown => return Err(Refusal::NotFound(Missing::Account)),
            Account::Ending { .. } | Account::Erased => return Err(Refusal::ErasureBegun),
            Account::Active { role, erasure, .. } => (*role, *erasure),
        };
        if role == Role::Admin && !states.admins().has_others_than(self.account) {
            return Err(Refusal::LastAdmin);
        }
        let erases_at = match erasure {
            Some(Erasure { by_admin, .. }) if by_admin || self.reason.is_none() => return Ok(vec![]),
            // What the person wanted anyway is not put off.
            Some(Erasure { erases_at, .. }) => erases_at.min(context.now.plus_seconds(self.wait_seconds)),
            None => context.now.plus_seconds(self.wait_seconds),
        };
        let reason = self.reason.as_ref().map(|reason| ReasonWords { reason: reason.as_str().to_owned() });
        let requested = ErasureRequested { erases_at, reason: reason.map(Field::Clear) };
        Ok(vec![(states.primary(), requested.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, LONG_AGO, admin, given, registered};

    const DAY: i64 = 24 * 60 * 60;

    fn own() -> RequestErasure {
        RequestErasure { account: ALICE, wait_seconds: 30 * DAY, reason: None }
    }

    fn ordered() -> RequestErasure {
        RequestErasure { reason: Some(Reason::parse("a ruling").unwrap()), ..own() }
    }

    fn requested(days: i64, reason: Option<&str>) -> Happened {
        let reason = reason.map(|reason| Field::Clear(ReasonWords { reason: reason.into() }));
        let event = ErasureRequested { erases_at: LONG_AGO.plus_seconds(days * DAY), reason };
        (StreamName::account(ALICE), event.into())
    }

    #[test]
    fn a_person_asks_for_the_erasure_of_their_account_once() {
        given([registered(ALICE)]).by(ALICE).when(own()).then([requested(30, None)]);
        let asked = || [registered(ALICE), requested(30, None)];
        given(asked()).by(ALICE).after_seconds(DAY).when(own()).then_it_is_already_so();
        given(asked()).by(BOB).when(own()).refused(Refusal::ReasonRequired);
        given([]).by(ALICE).when(own()).refused(Refusal::NotFound(Missing::Account));
    }

    #[test]
    fn an_administrator_orders_it_with_a_reason() {
        let with = |more: Vec<Happened>| admin(BOB).into_iter().chain([registered(ALICE)]).chain(more);
        let outcome = given(with(vec![])).by(BOB).when(ordered());
        outcome.rests_on(&StreamName::account(BOB));
        outcome.then([requested(30, Some("a ruling"))]);
        given(with(vec![requested(30, None)]))
            .by(BOB)
            .after_seconds(DAY)
            .when(ordered())
            .then([requested(30, Some("a ruling"))]);
        given(with(vec![requested(9, Some("before"))])).by(BOB).when(ordered()).then_it_is_already_so();
        given([registered(ALICE), registered(BOB)]).by(BOB).when(ordered()).refused(Refusal::RoleRequired);
    }

    #[test]
    fn the_last_administrator_cannot_be_erased() {
        given(admin(ALICE)).by(ALICE).when(own()).refused(Refusal::LastAdmin);
        given(admin(ALICE).into_iter().chain(admin(BOB))).by(ALICE).when(own()).then([requested(30, None)]);
    }
}
