//! The port: what may be asked of a search index, wherever it is. A node without one can forward to another's.

use super::query::Needle;
use crate::wait::{Behind, Status};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::source::BoxFuture;
use std::time::Duration;

/// What a message has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Has {
    /// An address of the web.
    Link,
    /// Something attached.
    Media,
    /// A reaction.
    Reaction,
    /// Somebody who is mentioned.
    Mention,
}

impl Has {
    /// The reverse of what is typed.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "link" => Has::Link,
            "media" => Has::Media,
            "reaction" => Has::Reaction,
            "mention" => Has::Mention,
            _ => return None,
        })
    }

    pub(crate) const fn number(self) -> u64 {
        match self {
            Has::Link => 1,
            Has::Media => 2,
            Has::Reaction => 3,
            Has::Mention => 4,
        }
    }
}

/// A conversation that may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    /// Which.
    pub conversation: ConversationId,
    /// The last message that may be read; none for all of them.
    pub until_seq: Option<u64>,
}

/// The order of what is found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// How well it fits, the newer the better.
    #[default]
    Relevance,
    /// The newest first.
    Recent,
}

/// Where a page ended, and everything that keeps the order of the pages after it: what came later is left out, and how
/// rare words are is as it was on the first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Messages after this position are left out.
    pub bound: Position,
    /// When the first page was asked for.
    pub now: Time,
    /// Messages of the index, terms of all of them, and messages with each of the question's terms.
    pub statistics: Vec<u64>,
    /// The last item's rank.
    pub rank: u64,
    /// The last item's position.
    pub position: Position,
}

impl Cursor {
    /// Whole numbers of 8 bytes, one after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        let head = [self.bound.0, self.now.micros().cast_unsigned(), self.rank, self.position.0];
        head.iter().chain(&self.statistics).flat_map(|number| number.to_be_bytes()).collect()
    }

    /// The reverse of [`Cursor::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (numbers, rest) = bytes.as_chunks::<8>();
        let mut numbers = numbers.iter().map(|number| u64::from_be_bytes(*number));
        let mut next = || numbers.next();
        let (bound, now, rank, position) = (next()?, next()?, next()?, next()?);
        rest.is_empty().then(|| Self {
            bound: Position(bound),
            now: Time::from_micros(now.cast_signed()),
            statistics: numbers.collect(),
            rank,
            position: Position(position),
        })
    }
}

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Question {
    /// What must, and must not, stand in the text.
    pub needles: Vec<Needle>,
    /// Where; nothing else is looked at.
    pub scope: Vec<Readable>,
    /// By one of these; none for anybody.
    pub senders: Option<Vec<AccountId>>,
    /// By none of these.
    pub not_senders: Vec<AccountId>,
    /// Not sent before.
    pub from: Option<Time>,
    /// Sent before.
    pub until: Option<Time>,
    /// What the message has, or, where false, does not have.
    pub has: Vec<(Has, bool)>,
    /// In which order.
    pub sort: Sort,
    /// How many, at most.
    pub limit: usize,
    /// After which page.
    pub after: Option<Cursor>,
    /// When it is asked.
    pub now: Time,
}

/// A message that was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// Which.
    pub message: MessageId,
    /// How well it fits.
    pub score: f64,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// In the order that was asked for.
    pub hits: Vec<Hit>,
    /// How many there are on all pages.
    pub total: u64,
    /// False while the index is still being built.
    pub total_is_exact: bool,
    /// Where the next page starts; none at the end.
    pub next: Option<Cursor>,
    /// The last event that the answer knows of.
    pub position: Position,
}

/// Why nothing can be found at the moment.
#[derive(Debug, thiserror::Error)]
pub enum SearchFault {
    /// The index failed.
    #[error("the search index failed")]
    Index(#[from] tantivy::TantivyError),
    /// Its directory failed.
    #[error("the directory of the search index failed")]
    Directory(#[from] std::io::Error),
    /// The work was broken off.
    #[error("the search was broken off")]
    BrokenOff,
}

/// A search index.
pub trait Search: Send + Sync + 'static {
    /// Looks for messages.
    fn find(&self, question: Question) -> BoxFuture<'_, Result<Found, SearchFault>>;

    /// Waits until what happened up to `position` can be found, at most `timeout`.
    fn wait(&self, position: Position, timeout: Duration) -> BoxFuture<'_, Result<Position, Behind>>;

    /// How it is doing.
    fn status(&self) -> Status;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_bytes() {
        let cursor = Cursor {
            bound: Position(9),
            now: Time::from_micros(-5),
            statistics: vec![1, 2, 3],
            rank: 77,
            position: Position(4),
        };
        assert_eq!(Cursor::from_bytes(&cursor.to_bytes()), Some(cursor));
        assert_eq!(Cursor::from_bytes(&[0; 31]), None);
        assert_eq!(Cursor::from_bytes(&[0; 33]), None);
    }
}
