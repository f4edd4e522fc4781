//! `LeaveForErasure`: an account that is over leaves a conversation, whatever its kind.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{leaves_no_owner, longest_beside};
use crate::refusal::{Missing, Refusal};
use domain::account::state::Account;
use domain::conversation::event::{MemberLeft, MemberRoleChanged};
use domain::conversation::state::Conversation;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::stream::StreamName;

/// Takes an account out of a conversation, a direct one too. A last owner hands over to the longest member.
#[derive(Clone, Debug)]
pub struct LeaveForErasure {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Whom.
    pub account: AccountId,
}

impl Command for LeaveForErasure {
    fn name(&self) -> &'static str {
        "LeaveForErasure"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        // An account that is over stays so.
        vec![Read::Fact(StreamName::account(self.account))]
    }

    fn decide(&self, states: &States, _context: &Context<'_>) -> Decided {
        match states.account(self.account) {
            Account::Ending { .. } | Account::Erased => {}
            Account::Unknown | Account::Active { .. } => return Err(Refusal::ErasureNotDue),
        }
        let members = match states.conversation() {
            Conversation::Unknown => return Err(Refusal::NotFound(Missing::Conversation)),
            Conversation::Open { members, .. } => members,
            // Nobody can do anything there any more, and nothing changes in it.
            Conversation::Closed { .. } => return Ok(vec![]),
        };
        let Some(leaving) = members.get(&self.account) else { return Ok(vec![]) };
        let is_ownerless = leaves_no_owner(members, self.account, *leaving);
        let heir = longest_beside(members, self.account).filter(|_| is_ownerless);
        let handed_over = heir.map(|account| Event::from(MemberRoleChanged { account, role: MemberRole::Owner }));
        let left = Event::from(MemberLeft { account: self.account });
        Ok(handed_over.into_iter().chain([left]).map(|event| (states.primary(), event)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{
        ALICE, BOB, DAVE, Happened, LONG_AGO, ROOM, closed, direct, given, group, joined, registered,
    };
    use domain::account::event::{ErasureBegun, ErasureRequested};
    use domain::conversation::values::PrivacyMode;

    fn leave(account: AccountId) -> LeaveForErasure {
        LeaveForErasure { conversation: ROOM, account }
    }

    fn over(account: AccountId) -> [Happened; 3] {
        let requested = ErasureRequested { erases_at: LONG_AGO, reason: None };
        let begun = ErasureBegun { erases_at: LONG_AGO };
        let stream = StreamName::account(account);
        [registered(account), (stream.clone(), requested.into()), (stream, begun.into())]
    }

    fn in_room(event: impl Into<Event>) -> Happened {
        (StreamName::conversation(ROOM), event.into())
    }

    #[test]
    fn a_last_owner_hands_over_to_the_longest_member() {
        let heir = in_room(MemberRoleChanged { account: BOB, role: MemberRole::Owner });
        let left = in_room(MemberLeft { account: ALICE });
        given(group().into_iter().chain(over(ALICE))).when(leave(ALICE)).then([heir, left.clone()]);
        let two = group().into_iter().chain([joined(DAVE, MemberRole::Owner)]).chain(over(ALICE));
        given(two).when(leave(ALICE)).then([left]);
        given(group().into_iter().chain(over(BOB))).when(leave(BOB)).then([in_room(MemberLeft { account: BOB })]);
    }

    #[test]
    fn a_direct_conversation_is_left_too_and_only_once() {
        let left = in_room(MemberLeft { account: ALICE });
        let talk = || direct(PrivacyMode::Searchable).into_iter().chain(over(ALICE));
        given(talk()).when(leave(ALICE)).then([left.clone()]);
        given(talk().chain([left])).when(leave(ALICE)).then_it_is_already_so();
    }

    #[test]
    fn a_closed_group_stays_as_it_is() {
        given(closed().into_iter().chain(over(ALICE))).when(leave(ALICE)).then_it_is_already_so();
    }

    #[test]
    fn an_account_that_is_not_over_stays() {
        given(group().into_iter().chain([registered(ALICE)])).when(leave(ALICE)).refused(Refusal::ErasureNotDue);
    }
}
