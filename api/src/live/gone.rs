//! Which messages were deleted or purged since: a resumed feed says nothing of what they said.

use crate::live::render::{RenderFault, Renderer};
use commands::execute::Failure;
use domain::event::{Event, EventType};
use domain::ids::{ConversationId, MessageId};
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::state::State;
use domain::stream::StreamName;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Events of a `message-…` stream that are looked through for a deletion at once.
const MESSAGE_PAGE_EVENTS: usize = 256;

impl Renderer {
    /// Those of the messages that were deleted or purged by now: of most messages one look at the revisions of a whole page
    /// tells that they were not deleted, and one look at each conversation that they were not purged.
    pub(in crate::live) async fn gone(&self, events: &[Arc<Recorded>]) -> Result<HashSet<MessageId>, RenderFault> {
        let ids = events.iter().filter_map(|event| match &event.event {
            Event::MessageSent(_) => {
                Some(MessageId { conversation: event.stream.conversation_id()?, seq: event.revision + 1 })
            }
            Event::MessageEdited(_) => event.stream.message_id(),
            _ => None,
        });
        let ids: Vec<MessageId> = ids.collect::<HashSet<_>>().into_iter().collect();
        let streams: Vec<StreamName> = ids.iter().map(|id| StreamName::message(*id)).collect();
        let revisions = self.source.revisions(&streams).await?;
        let mut purged: HashMap<ConversationId, u64> = HashMap::new();
        let mut gone = HashSet::new();
        for (id, revision) in ids.into_iter().zip(revisions) {
            let through = match purged.get(&id.conversation) {
                Some(through) => *through,
                None => {
                    let through = self.purged_through(id.conversation).await?;
                    purged.insert(id.conversation, through);
                    through
                }
            };
            if id.seq <= through || (revision.is_some() && self.is_deleted(id).await?) {
                gone.insert(id);
            }
        }
        Ok(gone)
    }

    /// The last message of a conversation that was purged; 0 for none.
    async fn purged_through(&self, conversation: ConversationId) -> Result<u64, RenderFault> {
        match self.executor.current(&StreamName::conversation(conversation)).await {
            Ok(state) => match &*state {
                State::Conversation(conversation) => Ok(conversation.kept().through_seq),
                _ => Ok(0),
            },
            Err(Failure::Source(fault)) => Err(fault.into()),
            Err(failure) => Err(RenderFault::State(Box::new(failure))),
        }
    }

    async fn is_deleted(&self, id: MessageId) -> Result<bool, SourceFault> {
        let stream = StreamName::message(id);
        let mut from = 0;
        loop {
            let slice = self.source.read_stream(&stream, from, Direction::Forward, MESSAGE_PAGE_EVENTS).await?;
            if slice.events.iter().any(|event| event.event.event_type() == EventType::MessageDeleted) {
                return Ok(true);
            }
            match slice.events.last() {
                Some(last) if slice.revision.is_some_and(|newest| newest > last.revision) => from = last.revision + 1,
                _ => return Ok(false),
            }
        }
    }
}
