//! `JoinConversation`: somebody joins by themselves. Only imports do so until there are open channels.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::conversation::standing::not_open;
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::MemberJoined;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::ConversationId;
use domain::stream::StreamName;

/// The actor joins a group.
#[derive(Clone, Debug)]
pub struct JoinConversation {
    /// Which.
    pub conversation: ConversationId,
}

impl Command for JoinConversation {
    fn name(&self) -> &'static str {
        "JoinConversation"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let account = context.actor()?;
        let conversation = states.conversation();
        let Conversation::Open { kind, members, .. } = conversation else {
            return Err(not_open(conversation, context, Missing::Conversation));
        };
        if members.contains_key(&account) {
            return Ok(vec![]);
        }
        if !context.is_import() {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        match kind {
            ConversationKind::Direct => Err(Refusal::DirectMembersFixed),
            ConversationKind::Group => {
                Ok(vec![(states.primary(), MemberJoined { account, role: MemberRole::Member }.into())])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, DAVE, LONG_AGO, ROOM, given, group, joined};
    use domain::ids::Hash16;
    use domain::import::event::ImportAdvanced;

    fn advanced(step: u64) -> (StreamName, domain::event::Event) {
        (StreamName::import(Hash16([1; 16])), ImportAdvanced { at: LONG_AGO, step }.into())
    }

    #[test]
    fn only_an_import_lets_people_join_by_themselves() {
        let join = JoinConversation { conversation: ROOM };
        given(group()).by(DAVE).when(join.clone()).refused(Refusal::NotFound(Missing::Conversation));
        given(group()).by(DAVE).imported(4).when(join).then([joined(DAVE, MemberRole::Member), advanced(4)]);
    }

    #[test]
    fn an_imported_join_of_a_member_only_advances_the_import() {
        given(group()).by(ALICE).imported(4).when(JoinConversation { conversation: ROOM }).then([advanced(4)]);
    }

    #[test]
    fn an_item_that_the_import_has_passed_is_already_so() {
        let join = JoinConversation { conversation: ROOM };
        let passed = || group().into_iter().chain([advanced(4)]);
        given(passed()).by(DAVE).imported(4).when(join.clone()).then_it_is_already_so();
        given(passed()).by(DAVE).imported(5).when(join).then([joined(DAVE, MemberRole::Member), advanced(5)]);
    }
}
