//! `ChangeMemberRole`: a member of a group has another role, or the owner hands the group over.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{manages, not_open};
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::MemberRoleChanged;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::{AccountId, ConversationId};
use domain::stream::StreamName;

/// Gives a member another role. One manages only roles below one's own. An owner who makes somebody else the owner
/// hands over and is an admin from then on.
#[derive(Clone, Debug)]
pub struct ChangeMemberRole {
    /// In which group.
    pub conversation: ConversationId,
    /// Whose.
    pub account: AccountId,
    /// The new role.
    pub role: MemberRole,
}

impl Command for ChangeMemberRole {
    fn name(&self) -> &'static str {
        "ChangeMemberRole"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let conversation = states.conversation();
        let Conversation::Open { kind, members, .. } = conversation else {
            return Err(not_open(conversation, context, Missing::Conversation));
        };
        let own = members.get(&actor).ok_or(Refusal::NotFound(Missing::Conversation))?.role;
        match kind {
            ConversationKind::Direct => return Err(Refusal::DirectMembersFixed),
            ConversationKind::Group => {}
        }
        let other = members.get(&self.account).map(|member| member.role);
        let hands_over = own == MemberRole::Owner && self.role == MemberRole::Owner;
        if !hands_over {
            // Below one's own both before and after.
            let before = other.unwrap_or(MemberRole::Member);
            if own == MemberRole::Owner && self.account == actor {
                return Err(Refusal::OwnerMustHandOver);
            }
            if !manages(own, before) || !manages(own, self.role) {
                return Err(Refusal::NotPermitted);
            }
        }
        let other = other.ok_or(Refusal::NotFound(Missing::Member))?;
        if other == self.role {
            return Ok(vec![]);
        }
        let changed = |account, role| (states.primary(), MemberRoleChanged { account, role }.into());
        let mut events = vec![changed(self.account, self.role)];
        if hands_over {
            events.push(changed(actor, MemberRole::Admin));
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, Happened, ROOM, closed, direct, given, group, joined, person};
    use domain::conversation::values::PrivacyMode;

    const ROLES: [MemberRole; 3] = [MemberRole::Member, MemberRole::Admin, MemberRole::Owner];

    fn change(account: AccountId, role: MemberRole) -> ChangeMemberRole {
        ChangeMemberRole { conversation: ROOM, account, role }
    }

    fn changed(account: AccountId, role: MemberRole) -> Happened {
        (StreamName::conversation(ROOM), MemberRoleChanged { account, role }.into())
    }

    #[test]
    fn an_owner_makes_admins_and_takes_that_back() {
        given(group()).by(ALICE).when(change(CAROL, MemberRole::Admin)).then([changed(CAROL, MemberRole::Admin)]);
        given(group()).by(ALICE).when(change(BOB, MemberRole::Member)).then([changed(BOB, MemberRole::Member)]);
    }

    #[test]
    fn an_owner_hands_over_and_is_an_admin_then() {
        let both = [changed(CAROL, MemberRole::Owner), changed(ALICE, MemberRole::Admin)];
        given(group()).by(ALICE).when(change(CAROL, MemberRole::Owner)).then(both.clone());
        let after = || group().into_iter().chain(both.clone());
        given(after()).by(ALICE).when(change(BOB, MemberRole::Member)).refused(Refusal::NotPermitted);
        let back = [changed(ALICE, MemberRole::Owner), changed(CAROL, MemberRole::Admin)];
        given(after()).by(CAROL).when(change(ALICE, MemberRole::Owner)).then(back);
    }

    /// Everything: own role × the other's role × the new role. What is allowed is written down by hand.
    #[test]
    fn one_manages_only_roles_below_ones_own() {
        use MemberRole::{Admin, Member, Owner};
        let allowed = [
            // An admin's members stay members; an owner makes members admins, and the reverse, and hands over.
            (Admin, Member, Member),
            (Owner, Member, Member),
            (Owner, Member, Admin),
            (Owner, Member, Owner),
            (Owner, Admin, Member),
            (Owner, Admin, Admin),
            (Owner, Admin, Owner),
            // Two owners exist only where an import made them: nothing changes between them but by handing over.
            (Owner, Owner, Owner),
        ];
        for own in ROLES {
            for other in ROLES {
                for new in ROLES {
                    let people = [joined(DAVE, own), joined(person(1), other)];
                    let outcome = given(group().into_iter().chain(people)).by(DAVE).when(change(person(1), new));
                    if !allowed.contains(&(own, other, new)) {
                        outcome.refused(Refusal::NotPermitted);
                    } else if other == new {
                        outcome.then_it_is_already_so();
                    } else if new == Owner {
                        outcome.then([changed(person(1), Owner), changed(DAVE, Admin)]);
                    } else {
                        outcome.then([changed(person(1), new)]);
                    }
                }
            }
        }
    }

    #[test]
    fn nobody_changes_their_own_role() {
        given(group()).by(ALICE).when(change(ALICE, MemberRole::Admin)).refused(Refusal::OwnerMustHandOver);
        given(group()).by(ALICE).when(change(ALICE, MemberRole::Owner)).then_it_is_already_so();
        given(group()).by(BOB).when(change(BOB, MemberRole::Member)).refused(Refusal::NotPermitted);
        given(group()).by(CAROL).when(change(CAROL, MemberRole::Admin)).refused(Refusal::NotPermitted);
    }

    #[test]
    fn who_is_no_member_has_no_role_and_strangers_learn_nothing() {
        for role in ROLES {
            given(group()).by(ALICE).when(change(DAVE, role)).refused(Refusal::NotFound(Missing::Member));
            given(group()).by(CAROL).when(change(DAVE, role)).refused(Refusal::NotPermitted);
            given(group()).by(DAVE).when(change(CAROL, role)).refused(Refusal::NotFound(Missing::Conversation));
        }
    }

    #[test]
    fn roles_are_fixed_in_direct_and_in_closed_conversations() {
        let member = MemberRole::Member;
        let events = direct(PrivacyMode::Searchable);
        given(events).by(ALICE).when(change(BOB, member)).refused(Refusal::DirectMembersFixed);
        given(closed()).by(ALICE).when(change(BOB, member)).refused(Refusal::ConversationClosed);
        given(closed()).by(DAVE).when(change(BOB, member)).refused(Refusal::NotFound(Missing::Conversation));
    }
}
