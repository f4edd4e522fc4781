//! `CloseConversation`: the owner ends a group for all.

use crate::command::{Command, Decided};
use crate::context::{Context, Names, States};
use crate::conversation::standing::not_open;
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::ConversationClosed;
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::ConversationId;
use domain::stream::StreamName;

/// Closes a group: nothing is added to it any more; who was a member goes on reading it.
#[derive(Clone, Debug)]
pub struct CloseConversation {
    /// Which.
    pub conversation: ConversationId,
}

impl Command for CloseConversation {
    fn name(&self) -> &'static str {
        "CloseConversation"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        let conversation = states.conversation();
        let own = conversation.member(actor).ok_or(Refusal::NotFound(Missing::Conversation))?;
        let kind = match conversation {
            Conversation::Unknown => return Err(not_open(conversation, context, Missing::Conversation)),
            Conversation::Closed { .. } if own.role == MemberRole::Owner => return Ok(vec![]),
            Conversation::Closed { .. } => return Err(Refusal::NotPermitted),
            Conversation::Open { kind, .. } => *kind,
        };
        match kind {
            ConversationKind::Direct => Err(Refusal::GroupOnly),
            ConversationKind::Group if own.role < MemberRole::Owner => Err(Refusal::NotPermitted),
            ConversationKind::Group => Ok(vec![(states.primary(), ConversationClosed { closed_by: actor }.into())]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, CAROL, DAVE, ROOM, closed, direct, given, group};
    use domain::conversation::values::PrivacyMode;

    const CLOSE: CloseConversation = CloseConversation { conversation: ROOM };

    #[test]
    fn the_owner_closes_a_group_once() {
        let end = (StreamName::conversation(ROOM), ConversationClosed { closed_by: ALICE }.into());
        given(group()).by(ALICE).when(CLOSE).then([end]);
        given(closed()).by(ALICE).when(CLOSE).then_it_is_already_so();
    }

    #[test]
    fn nobody_else_closes_it() {
        for who in [BOB, CAROL] {
            given(group()).by(who).when(CLOSE).refused(Refusal::NotPermitted);
            given(closed()).by(who).when(CLOSE).refused(Refusal::NotPermitted);
        }
        given(group()).by(DAVE).when(CLOSE).refused(Refusal::NotFound(Missing::Conversation));
        given(closed()).by(DAVE).when(CLOSE).refused(Refusal::NotFound(Missing::Conversation));
        given([]).by(ALICE).when(CLOSE).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn a_direct_conversation_has_no_end() {
        given(direct(PrivacyMode::Searchable)).by(ALICE).when(CLOSE).refused(Refusal::GroupOnly);
    }
}
