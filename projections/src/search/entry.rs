//! A message as it stands, read from its events: what is indexed of it.

use super::port::Has;
use crate::reader::{Opening, Slot};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, MessageId, Position};
use domain::proto::message::v1::MessageWords;
use domain::recorded::Recorded;
use domain::source::{Direction, EventSource, SourceFault};
use domain::stream::StreamName;
use domain::words::{Content, Field, Words, WordsFault};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What happens to one message, at most; far above what limits allow.
const EVENTS_MAX: usize = 100_000;

/// A message that can be found.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) sender: AccountId,
    pub(super) sent_at: Time,
    pub(super) position: Position,
    pub(super) text: String,
    pub(super) has: Vec<Has>,
}

/// A message whose words are not open yet.
pub(super) struct Draft {
    id: MessageId,
    sender: AccountId,
    sent_at: Time,
    position: Position,
    words: Field<MessageWords>,
    has_mention: bool,
    has_reaction: bool,
}

impl Draft {
    /// A message as it was sent; none when the event is another one.
    pub(super) fn sent(recorded: &Recorded) -> Option<Self> {
        let Event::MessageSent(event) = &recorded.event else { return None };
        let conversation = recorded.stream.conversation_id()?;
        Some(Self {
            id: MessageId { conversation, seq: recorded.revision + 1 },
            sender: event.sender,
            sent_at: recorded.occurred_at,
            position: recorded.position,
            words: event.words.clone(),
            has_mention: !event.mentions.is_empty(),
            has_reaction: false,
        })
    }

    /// A message as the log has it now; none when it was deleted, or is no longer kept.
    pub(super) async fn load(source: &dyn EventSource, id: MessageId) -> Result<Option<Self>, SourceFault> {
        let timeline = StreamName::timeline(id.conversation);
        let sent = source.read_stream(&timeline, id.seq.saturating_sub(1), Direction::Forward, 1).await?;
        let sent = sent.events.first().and_then(|recorded| Self::sent(recorded)).filter(|sent| sent.id == id);
        let Some(mut draft) = sent else { return Ok(None) };
        let later = source.read_stream(&StreamName::message(id), 0, Direction::Forward, EVENTS_MAX).await?;
        Ok(draft.follow(&later.events).then_some(draft))
    }

    /// What happened to it; false when it was deleted.
    fn follow(&mut self, events: &[Arc<Recorded>]) -> bool {
        let mut reactions: BTreeSet<(AccountId, &str)> = BTreeSet::new();
        for recorded in events {
            match &recorded.event {
                Event::MessageEdited(event) => {
                    self.words = event.words.clone();
                    self.has_mention = !event.mentions.is_empty();
                }
                Event::MessageDeleted(_) => return false,
                Event::ReactionAdded(event) => {
                    reactions.insert((event.account, &event.emoji));
                }
                Event::ReactionRemoved(event) => {
                    reactions.remove(&(event.account, event.emoji.as_str()));
                }
                // Nothing else changes what is found.
                _ => {}
            }
        }
        self.has_reaction = !reactions.is_empty();
        true
    }

    /// By whom it is.
    pub(super) fn sender(&self) -> AccountId {
        self.sender
    }

    /// Which it is.
    pub(super) fn id(&self) -> MessageId {
        self.id
    }

    fn entry(self, words: MessageWords) -> Option<Entry> {
        // Ciphertext is never looked into.
        if words.ciphertext.is_some() {
            return None;
        }
        let flags =
            [(Has::Link, has_link(&words.text)), (Has::Reaction, self.has_reaction), (Has::Mention, self.has_mention)];
        Some(Entry {
            id: self.id,
            sender: self.sender,
            sent_at: self.sent_at,
            position: self.position,
            text: words.text,
            has: flags.into_iter().filter_map(|(has, is_so)| is_so.then_some(has)).collect(),
        })
    }
}

/// Opens the words of all of them at once; what is erased or encrypted is left out.
pub(super) async fn open(drafts: Vec<Draft>, words: &dyn Words) -> Result<Vec<Entry>, WordsFault> {
    let mut opening = Opening::default();
    let slots: Vec<Option<Slot>> =
        drafts.iter().map(|draft| draft.words.sealed().map(|field| opening.add(field.clone()))).collect();
    let opened = opening.open(words).await?;
    let mut entries = Vec::with_capacity(drafts.len());
    for (draft, slot) in drafts.into_iter().zip(slots) {
        let words = match slot {
            Some(slot) => opened.words::<MessageWords>(slot)?,
            None => draft.words.clear().cloned().map_or(Content::Erased, Content::Present),
        };
        entries.extend(words.present().and_then(|words| draft.entry(words)));
    }
    Ok(entries)
}

fn has_link(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ["http://", "https://"].iter().any(|scheme| {
        lower.match_indices(scheme).any(|(at, _)| {
            let host = lower[at + scheme.len()..].chars().next();
            host.is_some_and(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host() {
        assert!(has_link("see <HTTPS://Example.org>") && has_link("http://a"));
        assert!(!has_link("https://") && !has_link("https:// no") && !has_link("example.org"));
    }
}
