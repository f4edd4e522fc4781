//! `MarkRead`: somebody has read a conversation up to a message.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::refusal::{Missing, Refusal};
use domain::conversation::event::ReadMoved;
use domain::ids::ConversationId;
use domain::stream::StreamName;

/// Moves the actor's read watermark, never back.
#[derive(Clone, Debug)]
pub struct MarkRead {
    /// Where.
    pub conversation: ConversationId,
    /// The last message that was read.
    pub seq: u64,
}

impl Command for MarkRead {
    fn name(&self) -> &'static str {
        "MarkRead"
    }

    fn stream(&self, names: &Names<'_>) -> StreamName {
        StreamName::read(names.actor_or_nil(), self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        // That a message exists never becomes untrue again, so the timeline is a fact.
        vec![
            Read::Check(StreamName::conversation(self.conversation)),
            Read::Fact(StreamName::timeline(self.conversation)),
        ]
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let actor = context.actor()?;
        if states.conversation().member(actor).is_none() {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        if self.seq > states.timeline().last_seq {
            return Err(Refusal::invalid("/seq", "NO_SUCH_MESSAGE", "is beyond the last message"));
        }
        if self.seq <= states.read().seq {
            return Ok(vec![]);
        }
        Ok(vec![(states.primary(), ReadMoved { seq: self.seq }.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, DAVE, Happened, ROOM, given, group, said};

    fn mark(seq: u64) -> MarkRead {
        MarkRead { conversation: ROOM, seq }
    }

    fn moved(seq: u64) -> Happened {
        (StreamName::read(BOB, ROOM), ReadMoved { seq }.into())
    }

    fn talk() -> Vec<Happened> {
        group().into_iter().chain([said(ALICE, "one"), said(ALICE, "two")]).collect()
    }

    #[test]
    fn a_watermark_moves_to_a_message_that_exists() {
        given(talk()).by(BOB).when(mark(2)).then([moved(2)]);
        given(talk()).by(BOB).when(mark(3)).invalid(&[("/seq", "NO_SUCH_MESSAGE")]);
    }

    #[test]
    fn a_watermark_never_moves_back() {
        let read = || talk().into_iter().chain([moved(2)]);
        given(read()).by(BOB).when(mark(1)).then_it_is_already_so();
        given(read()).by(BOB).when(mark(2)).then_it_is_already_so();
    }

    #[test]
    fn strangers_do_not_learn_that_the_conversation_exists() {
        given(talk()).by(DAVE).when(mark(1)).refused(Refusal::NotFound(Missing::Conversation));
    }
}
