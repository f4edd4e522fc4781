//! What the frames of a conversation as a whole show beyond their event: its creation and its name, from its own stream.

use crate::live::data::Conversation;
use crate::live::render::{RenderFault, Renderer, misplaced};
use domain::clock::Time;
use domain::conversation::event::ConversationCreated;
use domain::event::Event;
use domain::proto::conversation::v1::ConversationWords;
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault, newest_before};
use domain::words::{Field, open_one};

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
        let named =
            newest_before(&*self.source, &recorded.stream, recorded.revision, |event| words_of(event).is_some());
        match named.await?.as_ref().and_then(|named| words_of(&named.event)) {
            Some(words) => Ok(open_one(&*self.words, words).await?.present()),
            None => Ok(None),
        }
    }
}

fn words_of(event: &Event) -> Option<&Field<ConversationWords>> {
    match event {
        Event::ConversationChanged(changed) => Some(&changed.words),
        Event::ConversationCreated(created) => created.words.as_ref(),
        _ => None,
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
