//! `PinMessage` and `UnpinMessage`: a message is kept in view, or no more.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::not_open;
use crate::message::target;
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::{MessagePinned, MessageUnpinned};
use domain::conversation::state::Conversation;
use domain::conversation::values::{ConversationKind, MemberRole};
use domain::ids::{AccountId, MessageId};
use domain::limits::PINS_PER_CONVERSATION_MAX;
use domain::stream::StreamName;
use std::collections::BTreeSet;

/// Puts a message among its conversation's pins: members of a direct one, admins of a group.
#[derive(Clone, Debug)]
pub struct PinMessage {
    /// Which.
    pub message: MessageId,
}

/// Takes a message out of its conversation's pins again.
#[derive(Clone, Debug)]
pub struct UnpinMessage {
    /// Which.
    pub message: MessageId,
}

/// The actor and the pins that they may change.
fn pins<'a>(states: &'a States, context: &Context<'_>) -> Result<(AccountId, &'a BTreeSet<u64>), Refusal> {
    let actor = context.actor()?;
    let conversation = states.conversation();
    let Conversation::Open { kind, members, pins, .. } = conversation else {
        return Err(not_open(conversation, context, Missing::Conversation));
    };
    let own = members.get(&actor).ok_or(Refusal::NotFound(Missing::Conversation))?;
    match kind {
        ConversationKind::Group if own.role < MemberRole::Admin => Err(Refusal::NotPermitted),
        ConversationKind::Direct | ConversationKind::Group => Ok((actor, pins)),
    }
}

impl Command for PinMessage {
    fn name(&self) -> &'static str {
        "PinMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.message.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        // Nobody deletes it at the same moment.
        vec![Read::Check(StreamName::message(self.message)), target::event(self.message)]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (actor, pins) = pins(states, context)?;
        if target::find(self.message, states).is_none() {
            return Err(Refusal::NotFound(Missing::Message));
        }
        if pins.contains(&self.message.seq) {
            return Ok(vec![]);
        }
        if states.message().deleted {
            return Err(Refusal::MessageDeleted);
        }
        if pins.len() >= PINS_PER_CONVERSATION_MAX {
            return Err(Refusal::PinLimitReached);
        }
        Ok(vec![(states.primary(), MessagePinned { seq: self.message.seq, pinned_by: actor }.into())])
    }
}

impl Command for UnpinMessage {
    fn name(&self) -> &'static str {
        "UnpinMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.message.conversation)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let (_, pins) = pins(states, context)?;
        if !pins.contains(&self.message.seq) {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), MessageUnpinned { seq: self.message.seq }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, ROOM, closed, direct, given, group, message, said, then_happened,
    };
    use domain::conversation::values::PrivacyMode;
    use domain::message::event::MessageDeleted;

    const PIN: PinMessage = PinMessage { message: message(1) };
    const UNPIN: UnpinMessage = UnpinMessage { message: message(1) };

    fn pinned(seq: u64, pinned_by: AccountId) -> Happened {
        (StreamName::conversation(ROOM), MessagePinned { seq, pinned_by }.into())
    }

    fn unpinned(seq: u64) -> Happened {
        (StreamName::conversation(ROOM), MessageUnpinned { seq }.into())
    }

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(CAROL, "one")]).collect()
    }

    #[test]
    fn admins_pin_in_groups_and_both_in_direct_conversations() {
        let outcome = given(talk()).by(BOB).when(PIN);
        outcome.rests_on(&StreamName::message(message(1)));
        outcome.then([pinned(1, BOB)]);
        given(talk()).by(CAROL).when(PIN).refused(Refusal::NotPermitted);
        let two = || direct(PrivacyMode::Searchable).into_iter().chain([said(ALICE, "one")]);
        given(two()).by(BOB).when(PIN).then([pinned(1, BOB)]);
    }

    #[test]
    fn a_pin_is_taken_out_again_by_any_admin() {
        let with_pin = || talk().into_iter().chain([pinned(1, BOB)]);
        given(with_pin()).by(ALICE).when(UNPIN).then([unpinned(1)]);
        given(with_pin()).by(CAROL).when(UNPIN).refused(Refusal::NotPermitted);
        given(with_pin()).by(ALICE).when(PIN).then_it_is_already_so();
        given(talk()).by(ALICE).when(UNPIN).then_it_is_already_so();
    }

    #[test]
    fn the_fifty_first_pin_is_refused() {
        let with = |pins: u64| {
            let said = (0..60).map(|_| said(CAROL, "more"));
            let pins = (2..2 + pins).map(|seq| pinned(seq, ALICE));
            talk().into_iter().chain(said).chain(pins).collect::<Vec<_>>()
        };
        given(with(49)).by(BOB).when(PIN).then([pinned(1, BOB)]);
        given(with(50)).by(BOB).when(PIN).refused(Refusal::PinLimitReached);
        let again = PinMessage { message: message(2) };
        given(with(50)).by(BOB).when(again).then_it_is_already_so();
        let one_less = with(50).into_iter().chain([unpinned(7)]);
        given(one_less).by(BOB).when(PIN).then([pinned(1, BOB)]);
    }

    #[test]
    fn only_messages_that_are_there_are_pinned() {
        given(group()).by(BOB).when(PIN).refused(Refusal::NotFound(Missing::Message));
        let gone = talk().into_iter().chain([then_happened(MessageDeleted { deleted_by: CAROL, reason: None })]);
        given(gone).by(BOB).when(PIN).refused(Refusal::MessageDeleted);
    }

    #[test]
    fn closed_conversations_keep_their_pins_and_strangers_learn_nothing() {
        let said = || closed().into_iter().chain([said(CAROL, "one")]);
        given(said()).by(BOB).when(PIN).refused(Refusal::ConversationClosed);
        given(said()).by(BOB).when(UNPIN).refused(Refusal::ConversationClosed);
        given(talk()).by(DAVE).when(PIN).refused(Refusal::NotFound(Missing::Conversation));
        given(talk()).by(DAVE).when(UNPIN).refused(Refusal::NotFound(Missing::Conversation));
    }
}
