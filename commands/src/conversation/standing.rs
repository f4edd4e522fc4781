//! Where somebody stands in a conversation: what a command on one begins with.

use crate::command::Read;
use crate::context::{Context, States};
use crate::refusal::{Missing, Refusal};
use domain::conversation::state::{Conversation, Member};
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::AccountId;
use domain::relationship::state::are_apart;
use domain::stream::StreamName;
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

/// What [`may_message`] rests on: in a direct conversation what its two members are to each other.
pub(crate) fn message_reads(conversation: &Conversation) -> Vec<Read> {
    let check = |account: &AccountId| Read::Check(StreamName::relationship(*account));
    match conversation {
        Conversation::Open { kind: ConversationKind::Direct, members, .. } => members.keys().map(check).collect(),
        Conversation::Open { kind: ConversationKind::Group, .. }
        | Conversation::Closed { .. }
        | Conversation::Unknown => vec![],
    }
}

/// Whether an actor may bring something new into the conversation. In a direct one neither may who blocks the other or is
/// blocked; what was said stays. In a group a block changes nothing.
///
/// # Errors
/// [`Refusal::MessagingNotAllowed`], the same for both.
pub(crate) fn may_message(actor: AccountId, states: &States, context: &Context<'_>) -> Result<(), Refusal> {
    let Conversation::Open { kind: ConversationKind::Direct, members, .. } = states.conversation() else {
        return Ok(());
    };
    let is_apart =
        |other: &AccountId| are_apart((actor, states.relationship(actor)), (*other, states.relationship(*other)));
    let others_are_apart = members.keys().filter(|other| **other != actor).any(is_apart);
    if others_are_apart && !context.is_import() { Err(Refusal::MessagingNotAllowed) } else { Ok(()) }
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
