//! What ties of one account to another have in common, whatever they are.

use crate::command::Decided;
use crate::context::States;
use crate::refusal::{Missing, Refusal};
use domain::event::Event;
use domain::ids::AccountId;

/// Refuses a tie to oneself and to nobody. `pointer` names the account in the request.
pub(super) fn is_to_another(
    states: &States,
    owner: AccountId,
    account: AccountId,
    pointer: &'static str,
) -> Result<(), Refusal> {
    if owner == account {
        return Err(Refusal::invalid(pointer, "ONESELF", "must be somebody else"));
    }
    is_to_somebody(states, account)
}

/// Ends a tie that stands. One that does not stand is ended already, unless there is nobody it could be to.
pub(super) fn end(states: &States, account: AccountId, stands: bool, ended: impl Into<Event>) -> Decided {
    if stands {
        return Ok(vec![(states.primary(), ended.into())]);
    }
    is_to_somebody(states, account)?;
    Ok(vec![])
}

fn is_to_somebody(states: &States, account: AccountId) -> Result<(), Refusal> {
    if states.account(account).exists() { Ok(()) } else { Err(Refusal::NotFound(Missing::Account)) }
}
