//! What deciding needs to know of a timeline and of one message's later life.

use crate::event::Event;
use crate::ids::AccountId;
use crate::proto::message::v1::MessageWords;
use crate::words::Field;
use std::collections::BTreeSet;

/// The state of `timeline-<conversation>`, from its newest event alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The sequence number of the newest message; 0 for none.
    pub last_seq: u64,
    /// Its period; 0 for none.
    pub last_period: u32,
}

impl Timeline {
    /// Takes over what happened. `revision` is the event's.
    pub fn evolve(&mut self, revision: u64, event: &Event) {
        if let Event::MessageSent(e) = event {
            (self.last_seq, self.last_period) = (revision + 1, e.period.unwrap_or_default());
        }
    }
}

/// The state of `message-<conversation>.<seq>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// The words of the newest edit; none when it was never edited.
    pub edited: Option<Field<MessageWords>>,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Who reacted with what.
    pub reactions: BTreeSet<(String, AccountId)>,
}

impl Message {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        match event {
            Event::MessageEdited(e) => self.edited = Some(e.words.clone()),
            Event::MessageDeleted(_) => {
                self.deleted = true;
                self.edited = None;
            }
            Event::ReactionAdded(e) => {
                self.reactions.insert((e.emoji.clone(), e.account));
            }
            Event::ReactionRemoved(e) => {
                self.reactions.remove(&(e.emoji.clone(), e.account));
            }
            _ => {}
        }
    }
}
