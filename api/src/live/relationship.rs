//! Relationships in the feed: their owner's own devices are told, nobody else is.

use crate::live::data::RelationshipChanged;
use crate::live::frame::raw;
use domain::ids::AccountId;
use serde_json::value::RawValue;

/// The frame of a change of what its owner is to another.
pub fn changed(account_id: AccountId, relation: &'static str, active: bool) -> (&'static str, Box<RawValue>) {
    ("relationship.changed", raw(&RelationshipChanged { account_id, relation, active }))
}
