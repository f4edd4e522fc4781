//! Rows whose words are not open yet, and how they become views.

use super::views::{Body, MessageView, ReactionCount};
use crate::database::bulk::Bulk;
use crate::database::row::{Columns, DatabaseFault, Row};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::reader::{Opened, Opening, Slot};
use domain::ids::{AccountId, MessageId};
use domain::message::values::Ciphertext;
use domain::proto::message::v1::MessageWords;
use domain::words::{Content, WordsFault};
use std::collections::HashMap;
use uuid::Uuid;

/// The columns of [`MessagePart::read`], of `timeline t`.
macro_rules! message_columns {
    () => {
        "t.conversation, t.seq, t.position, t.sender, t.reply_to, t.reply_count, t.sent_at, t.edited_at, \
         t.deleted_at, t.revision, t.words, t.edited_words, t.mentions"
    };
}
pub(super) use message_columns;

/// Counts of several messages anywhere; the viewer stands in every row.
static COUNTS: Bulk = Bulk::new(
    "WITH v (conversation, seq, viewer) AS (",
    3,
    ") SELECT r.conversation, r.seq, r.emoji, COUNT(*), \
     CAST(MAX(CASE WHEN r.account = v.viewer THEN 1 ELSE 0 END) AS BIGINT) \
     FROM v JOIN reactions r ON r.conversation = v.conversation AND r.seq = v.seq \
     GROUP BY r.conversation, r.seq, r.emoji ORDER BY r.conversation, r.seq, MIN(r.position)",
);

/// A message whose words are not open yet.
pub(super) struct MessagePart {
    view: MessageView,
    words: Option<Slot>,
    edited_words: Option<Slot>,
    mentions: Vec<AccountId>,
}

/// Ids of 16 bytes, one after the other.
fn accounts(bytes: &[u8]) -> Result<Vec<AccountId>, DatabaseFault> {
    let ids = bytes.chunks(16).map(|id| Uuid::from_slice(id).map(AccountId::new));
    ids.collect::<Result<_, _>>().map_err(|_| DatabaseFault::Damaged("a mention is no account"))
}

impl MessagePart {
    /// Reads the columns of [`message_columns`].
    pub(super) fn read(columns: &mut Columns<'_>, opening: &mut Opening) -> Result<Self, DatabaseFault> {
        let id = MessageId { conversation: columns.conversation()?, seq: columns.number()? };
        let view = MessageView {
            id,
            position: columns.position()?,
            sender: columns.account()?,
            reply_to: columns.maybe_number()?,
            reply_count: columns.number()?,
            sent_at: columns.time()?,
            edited_at: columns.maybe_time()?,
            deleted_at: columns.maybe_time()?,
            revision: columns.maybe_number()?,
            body: Body::Deleted,
            client_ref: None,
            mentions: Vec::new(),
            reactions: Vec::new(),
        };
        let words = columns.maybe_sealed()?.map(|field| opening.add(field));
        let edited_words = columns.maybe_sealed()?.map(|field| opening.add(field));
        let mentions = accounts(&columns.maybe::<Vec<u8>>()?.unwrap_or_default())?;
        Ok(Self { view, words, edited_words, mentions })
    }

    /// Reads a row of [`message_columns`] alone.
    pub(super) fn of(row: &Row, opening: &mut Opening) -> Result<Self, DatabaseFault> {
        Self::read(&mut row.columns(), opening)
    }

    pub(super) fn id(&self) -> MessageId {
        self.view.id
    }

    /// The view: what the newest edit says and mentions, the reference of the first words.
    pub(super) fn view(self, opened: &Opened, reactions: Vec<ReactionCount>) -> Result<MessageView, WordsFault> {
        let mut view = MessageView { reactions, ..self.view };
        let Some(slot) = self.words else { return Ok(view) };
        let sent = opened.words::<MessageWords>(slot)?;
        let newest = match self.edited_words {
            Some(slot) => opened.words::<MessageWords>(slot)?,
            None => sent.clone(),
        };
        view.client_ref = sent.present().and_then(|words| words.client_ref);
        view.body = match newest {
            Content::Present(MessageWords { ciphertext: Some(ciphertext), .. }) => {
                Body::Ciphertext(Ciphertext::from_proto(ciphertext))
            }
            Content::Present(words) => Body::Text(words.text),
            Content::Erased => return Ok(MessageView { body: Body::Erased, ..view }),
        };
        view.mentions = self.mentions;
        Ok(view)
    }
}

/// Counts of reactions by message.
pub(super) type Counts = HashMap<MessageId, Vec<ReactionCount>>;

/// The counts for these messages.
pub(super) async fn counts(tx: &mut Tx, viewer: AccountId, messages: &[MessageId]) -> Result<Counts, DatabaseFault> {
    let asked = messages.iter().flat_map(|id| [id.conversation.into(), id.seq.into(), Value::from(viewer)]);
    read_counts(&COUNTS.fetch(tx, asked.collect()).await?)
}

/// Reads rows of conversation, seq, emoji, count, whether the viewer is among them.
pub(super) fn read_counts(rows: &[Row]) -> Result<Counts, DatabaseFault> {
    let mut counts = Counts::new();
    for row in rows {
        let mut columns = row.columns();
        let id = MessageId { conversation: columns.conversation()?, seq: columns.number()? };
        let (emoji, count, reacted) = (columns.take()?, columns.number()?, columns.number()? == 1);
        counts.entry(id).or_default().push(ReactionCount { emoji, count, reacted });
    }
    Ok(counts)
}
