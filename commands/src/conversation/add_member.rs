//! `AddMember`: an admin brings somebody into a group.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{manages, not_open};
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::MemberJoined;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::{AccountId, ConversationId};
use domain::limits::GROUP_MAX_MEMBERS;
use domain::stream::StreamName;

/// Adds somebody to a group.
#[derive(Clone, Debug)]
pub struct AddMember {
    /// Which group.
    pub conversation: ConversationId,
    /// Whom.
    pub account: AccountId,
    /// As what; below the actor's own role.
    pub role: MemberRole,
}

impl Command for AddMember {
    fn name(&self) -> &'static str {
        "AddMember"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let conversation = states.conversation();
        let Conversation::Open { kind, members, .. } = conversation else {
            return Err(not_open(conversation, context, Missing::Conversation));
        };
        if !context.is_import() {
            let actor = conversation.member(context.actor()?).ok_or(Refusal::NotFound(Missing::Conversation))?;
            if *kind == ConversationKind::Direct {
                return Err(Refusal::DirectMembersFixed);
            }
            if !manages(actor.role, self.role) {
                return Err(Refusal::NotPermitted);
            }
        }
        if members.contains_key(&self.account) {
            return Ok(vec![]);
        }
        if *kind == ConversationKind::Direct {
            return Err(Refusal::DirectMembersFixed);
        }
        if !states.account(self.account).exists() {
            return Err(Refusal::invalid("/account_id", "UNKNOWN_ACCOUNT", "is not an account"));
        }
        if members.len() >= GROUP_MAX_MEMBERS && !context.is_import() {
            return Err(Refusal::GroupFull);
        }
        Ok(vec![(states.primary(), MemberJoined { account: self.account, role: self.role }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, ROOM, closed, direct, given, group, joined, person, registered};
    use domain::conversation::values::PrivacyMode;

    fn add(account: AccountId, role: MemberRole) -> AddMember {
        AddMember { conversation: ROOM, account, role }
    }

    fn group_and(account: AccountId) -> Vec<crate::scenario::Happened> {
        group().into_iter().chain([registered(account)]).collect()
    }

    #[test]
    fn admins_add_members_and_the_owner_adds_admins() {
        let [member, admin] = [MemberRole::Member, MemberRole::Admin];
        given(group_and(DAVE)).by(BOB).when(add(DAVE, member)).then([joined(DAVE, member)]);
        given(group_and(DAVE)).by(ALICE).when(add(DAVE, admin)).then([joined(DAVE, admin)]);
    }

    #[test]
    fn nobody_adds_a_role_that_is_not_below_their_own() {
        given(group_and(DAVE)).by(BOB).when(add(DAVE, MemberRole::Admin)).refused(Refusal::NotPermitted);
        given(group_and(DAVE)).by(ALICE).when(add(DAVE, MemberRole::Owner)).refused(Refusal::NotPermitted);
        given(group_and(DAVE)).by(CAROL).when(add(DAVE, MemberRole::Member)).refused(Refusal::NotPermitted);
    }

    #[test]
    fn strangers_do_not_learn_that_the_group_exists() {
        let not_found = Refusal::NotFound(Missing::Conversation);
        given(group_and(DAVE)).by(DAVE).when(add(DAVE, MemberRole::Member)).refused(not_found.clone());
        given([registered(DAVE)]).by(ALICE).when(add(DAVE, MemberRole::Member)).refused(not_found);
    }

    #[test]
    fn a_member_is_a_member_already() {
        given(group_and(CAROL)).by(BOB).when(add(CAROL, MemberRole::Member)).then_it_is_already_so();
    }

    #[test]
    fn nobody_joins_a_closed_group() {
        let events = || closed().into_iter().chain([registered(DAVE)]);
        given(events()).by(ALICE).when(add(DAVE, MemberRole::Member)).refused(Refusal::ConversationClosed);
        let not_found = Refusal::NotFound(Missing::Conversation);
        given(events()).by(DAVE).when(add(DAVE, MemberRole::Member)).refused(not_found);
    }

    #[test]
    fn an_unknown_account_cannot_be_added() {
        given(group()).by(BOB).when(add(DAVE, MemberRole::Member)).invalid(&[("/account_id", "UNKNOWN_ACCOUNT")]);
    }

    #[test]
    fn a_direct_conversation_keeps_its_two_members() {
        let events = direct(PrivacyMode::Searchable).into_iter().chain([registered(DAVE)]);
        given(events).by(ALICE).when(add(DAVE, MemberRole::Member)).refused(Refusal::DirectMembersFixed);
    }

    #[test]
    fn the_five_hundred_and_first_member_is_refused() {
        let filled = |members: u128| {
            let others = (3..members).map(|n| joined(person(1000 + n), MemberRole::Member));
            group_and(DAVE).into_iter().chain(others).collect::<Vec<_>>()
        };
        given(filled(500)).by(ALICE).when(add(DAVE, MemberRole::Member)).refused(Refusal::GroupFull);
        let last = joined(DAVE, MemberRole::Member);
        given(filled(499)).by(ALICE).when(add(DAVE, MemberRole::Member)).then([last]);
    }
}
