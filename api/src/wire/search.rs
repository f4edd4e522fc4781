//! What a search finds.

use crate::wire::message::Message;
use domain::ids::ConversationId;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of what was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchPage {
    /// In the order that was asked for. A page may hold fewer than the limit: what was deleted a moment ago is left out.
    pub items: Vec<SearchHit>,
    /// Where the next page starts; null on the last one. Opaque.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
    /// How many there are on all pages.
    pub total: u64,
    /// False while the index is being built, so that there may be more.
    pub total_is_exact: bool,
}

/// A message that was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchHit {
    /// The message, as it is now.
    pub message: Message,
    /// Where it was sent.
    pub conversation: HitConversation,
    /// How well it fits; 0 where the newest come first.
    pub score: f64,
    /// The parts of the text that were looked for, in their order; at most 50.
    pub highlights: Vec<Highlighted>,
}

/// Where a message was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct HitConversation {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: ConversationId,
    /// Its name; null for a direct one. Who left is told the name of then.
    pub name: Option<String>,
}

/// A part of a text, in characters (Unicode code points) from its start.
#[derive(Debug, Serialize, ToSchema)]
pub struct Highlighted {
    /// Its first character.
    pub from: usize,
    /// The character after its last one.
    pub to: usize,
}
