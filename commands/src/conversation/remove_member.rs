//! `RemoveMember`: somebody leaves a group or is removed from it.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{leaves_no_owner, longest_beside, manages_whoever, not_open};
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::{MemberLeft, MemberRoleChanged};
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::{AccountId, ConversationId};
use domain::stream::StreamName;

/// Removes somebody from a group; with the actor's own account: leaves it.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    /// Which group.
    pub conversation: ConversationId,
    /// Whom.
    pub account: AccountId,
}

impl Command for RemoveMember {
    fn name(&self) -> &'static str {
        "RemoveMember"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let conversation = states.conversation();
        let Conversation::Open { kind, members, former, .. } = conversation else {
            // Who left before the end is told the same as before it.
            let was_out = matches!(conversation, Conversation::Closed { former, .. } if former.contains(&self.account));
            let leaves_again = was_out && context.actor == Some(self.account);
            let refusal = not_open(conversation, context, Missing::Conversation);
            return if leaves_again { Ok(vec![]) } else { Err(refusal) };
        };
        if !context.is_import() {
            let actor = context.actor()?;
            let Some(own) = members.get(&actor) else {
                // Who is out already knows that there is such a conversation, and may leave it once more.
                let is_out = self.account == actor && former.contains(&actor);
                return if is_out { Ok(vec![]) } else { Err(Refusal::NotFound(Missing::Conversation)) };
            };
            if *kind == ConversationKind::Direct {
                return Err(Refusal::DirectMembersFixed);
            }
            if self.account != actor && !manages_whoever(own.role, members.get(&self.account).copied()) {
                return Err(Refusal::NotPermitted);
            }
        }
        let Some(leaving) = members.get(&self.account) else {
            let was_in = context.is_import() || former.contains(&self.account);
            return if was_in { Ok(vec![]) } else { Err(Refusal::NotFound(Missing::Member)) };
        };
        let left = (states.primary(), MemberLeft { account: self.account }.into());
        if !leaves_no_owner(members, self.account, *leaving) {
            return Ok(vec![left]);
        }
        if !context.is_import() {
            return Err(Refusal::OwnerMustHandOver);
        }
        match longest_beside(members, self.account) {
            None => Ok(vec![left]),
            Some(account) => {
                let heir = MemberRoleChanged { account, role: MemberRole::Owner };
                Ok(vec![(states.primary(), heir.into()), left])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, LONG_AGO, ROOM, closed, direct, given, group, joined, person,
    };
    use domain::conversation::event::ConversationClosed;
    use domain::conversation::values::PrivacyMode;
    use domain::ids::Hash16;
    use domain::import::event::ImportAdvanced;

    fn remove(account: AccountId) -> RemoveMember {
        RemoveMember { conversation: ROOM, account }
    }

    fn left(account: AccountId) -> Happened {
        (StreamName::conversation(ROOM), MemberLeft { account }.into())
    }

    #[test]
    fn one_removes_only_roles_below_ones_own() {
        given(group()).by(BOB).when(remove(CAROL)).then([left(CAROL)]);
        given(group()).by(ALICE).when(remove(BOB)).then([left(BOB)]);
        given(group()).by(BOB).when(remove(ALICE)).refused(Refusal::NotPermitted);
        given(group()).by(CAROL).when(remove(BOB)).refused(Refusal::NotPermitted);
    }

    #[test]
    fn anybody_may_leave_but_the_last_owner() {
        given(group()).by(CAROL).when(remove(CAROL)).then([left(CAROL)]);
        given(group()).by(ALICE).when(remove(ALICE)).refused(Refusal::OwnerMustHandOver);
        let two_owners = group().into_iter().chain([joined(DAVE, MemberRole::Owner)]);
        given(two_owners).by(ALICE).when(remove(ALICE)).then([left(ALICE)]);
    }

    #[test]
    fn a_sole_member_may_leave() {
        let alone = group().into_iter().chain([left(BOB), left(CAROL)]);
        given(alone).by(ALICE).when(remove(ALICE)).then([left(ALICE)]);
    }

    #[test]
    fn who_was_a_member_is_removed_already() {
        let without_carol = || group().into_iter().chain([left(CAROL)]);
        given(without_carol()).by(BOB).when(remove(CAROL)).then_it_is_already_so();
        given(without_carol()).by(CAROL).when(remove(CAROL)).then_it_is_already_so();
        given(without_carol()).by(CAROL).when(remove(BOB)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn who_never_was_a_member_is_not_found_and_strangers_learn_nothing() {
        given(group()).by(BOB).when(remove(DAVE)).refused(Refusal::NotFound(Missing::Member));
        let not_found = Refusal::NotFound(Missing::Conversation);
        given(group()).by(DAVE).when(remove(DAVE)).refused(not_found.clone());
        given(group()).by(DAVE).when(remove(CAROL)).refused(not_found);
        given(group()).by(CAROL).when(remove(DAVE)).refused(Refusal::NotPermitted);
    }

    #[test]
    fn nobody_leaves_a_closed_group() {
        given(closed()).by(CAROL).when(remove(CAROL)).refused(Refusal::ConversationClosed);
        given(closed()).by(DAVE).when(remove(CAROL)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn who_left_before_the_end_may_leave_once_more() {
        let events = || {
            group()
                .into_iter()
                .chain([left(CAROL), (StreamName::conversation(ROOM), ConversationClosed { closed_by: ALICE }.into())])
        };
        given(events()).by(CAROL).when(remove(CAROL)).then_it_is_already_so();
        given(events()).by(CAROL).when(remove(BOB)).refused(Refusal::NotFound(Missing::Conversation));
        given(events()).by(DAVE).when(remove(DAVE)).refused(Refusal::NotFound(Missing::Conversation));
    }

    /// Role of who removes × role of who is removed.
    #[test]
    fn one_removes_exactly_the_roles_below_ones_own() {
        let roles = [MemberRole::Member, MemberRole::Admin, MemberRole::Owner];
        let may = [[false, false, false], [true, false, false], [true, true, false]];
        for (own, row) in roles.into_iter().zip(may) {
            for (other, may) in roles.into_iter().zip(row) {
                let events = group().into_iter().chain([joined(DAVE, own), joined(person(1), other)]);
                let outcome = given(events).by(DAVE).when(remove(person(1)));
                if may { outcome.then([left(person(1))]) } else { outcome.refused(Refusal::NotPermitted) }
            }
        }
    }

    #[test]
    fn nobody_leaves_a_direct_conversation() {
        let events = direct(PrivacyMode::Searchable);
        given(events).by(ALICE).when(remove(ALICE)).refused(Refusal::DirectMembersFixed);
    }

    #[test]
    fn an_imported_last_owner_hands_over_to_the_longest_member() {
        // Bob left and came back, so Carol is there for longer.
        let events = group().into_iter().chain([left(BOB), joined(BOB, MemberRole::Member)]);
        let heir = MemberRoleChanged { account: CAROL, role: MemberRole::Owner };
        let progress = ImportAdvanced { at: LONG_AGO, step: 9 };
        given(events).by(ALICE).imported(9).when(remove(ALICE)).then([
            (StreamName::conversation(ROOM), heir.into()),
            left(ALICE),
            (StreamName::import(Hash16([1; 16])), progress.into()),
        ]);
    }
}
