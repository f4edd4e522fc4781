//! Where somebody stands in a conversation: what a command on one begins with.

use crate::context::Context;
use crate::refusal::{Missing, Refusal};
use domain::conversation::state::{Conversation, Member};
use domain::conversation::values::MemberRole;
use domain::ids::AccountId;
use std::collections::BTreeMap;

/// Why a conversation that is not open takes no command. Who was a member when it was closed, and an import, is told
/// that it is closed; for everybody else nothing is there, and `missing` says what.
pub(crate) fn not_open(conversation: &Conversation, context: &Context<'_>, missing: Missing) -> Refusal {
    match conversation {
        Conversation::Unknown | Conversation::Open { .. } => Refusal::NotFound(missing),
        Conversation::Closed { members, .. } => {
            let knows = context.is_import() || context.actor.is_some_and(|actor| members.contains_key(&actor));
            if knows { Refusal::ConversationClosed } else { Refusal::NotFound(missing) }
        }
    }
}

/// One manages only roles below one's own, and only as an admin or an owner.
pub(crate) fn manages(own: MemberRole, other: MemberRole) -> bool {
    own >= MemberRole::Admin && other < own
}

/// The same for somebody who may be no member: such a one is below everybody.
pub(crate) fn manages_whoever(own: MemberRole, other: Option<Member>) -> bool {
    manages(own, other.map_or(MemberRole::Member, |other| other.role))
}

/// Whether others would stay behind without an owner.
pub(crate) fn leaves_no_owner(members: &BTreeMap<AccountId, Member>, account: AccountId, leaving: Member) -> bool {
    let others_own = || members.iter().any(|(other, member)| *other != account && member.role == MemberRole::Owner);
    leaving.role == MemberRole::Owner && members.len() > 1 && !others_own()
}

/// Who has been a member for the longest, beside this one.
pub(crate) fn longest_beside(members: &BTreeMap<AccountId, Member>, account: AccountId) -> Option<AccountId> {
    let others = members.iter().filter(|(other, _)| **other != account);
    others.min_by_key(|(_, member)| member.joined_revision).map(|(other, _)| *other)
}
