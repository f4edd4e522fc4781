//! What the frames of a conversation as a whole show beyond their event: its creation and its name, from its own stream.

use crate::live::data::Conversation;
use crate::live::render::{RenderFault, Renderer, misplaced};
use domain::clock::Time;
use domain::conversation::event::ConversationCreated;
use domain::event::Event;
use domain::proto::conversation::v1::ConversationWords;
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::words::open_one;

/// Events of a `conversation-…` stream that are looked through for its name at once.
const STREAM_PAGE_EVENTS: usize = 256;

impl Renderer {
    /// The event that created the conversation of an event's stream, and when that was.
    pub(in crate::live) async fn creation_of(
        &self,
        recorded: &Recorded,
    ) -> Result<(ConversationCreated, Time), SourceFault> {
        let slice = self.source.read_stream(&recorded.stream, 0, Direction::Forward, 1).await?;
        match slice.events.first().map(|first| (&first.event, first.occurred_at)) {
            Some((Event::ConversationCreated(created), at)) => Ok((created.clone(), at)),
            _ => Err(misplaced(recorded)),
        }
    }

    /// What the conversation of an event's stream was called before it; none once erased.
    pub(in crate::live) async fn words_before(
        &self,
        recorded: &Recorded,
    ) -> Result<Option<ConversationWords>, RenderFault> {
        let mut end = recorded.revision;
        loop {
            let Some(from) = end.checked_sub(1) else { return Ok(None) };
            let slice =
                self.source.read_stream(&recorded.stream, from, Direction::Backward, STREAM_PAGE_EVENTS).await?;
            let words = slice.events.iter().find_map(|event| match &event.event {
                Event::ConversationChanged(e) => Some(&e.words),
                Event::ConversationCreated(e) => e.words.as_ref(),
                _ => None,
            });
            if let Some(words) = words {
                return Ok(open_one(&*self.words, words).await?.present());
            }
            match slice.events.last() {
                Some(oldest) => end = oldest.revision,
                None => return Ok(None),
            }
        }
    }
}

/// The data of such a frame.
pub(in crate::live) fn conversation(
    created: &ConversationCreated,
    created_at: Time,
    words: Option<ConversationWords>,
    closed_at: Option<Time>,
) -> Conversation {
    let (name, description) = words.map_or((None, None), |words| (Some(words.name), words.description));
    let ConversationCreated { conversation: id, kind, privacy_mode, created_by, words: _ } = *created;
    Conversation { id, kind, name, description, privacy_mode, created_by, created_at, closed_at }
}
