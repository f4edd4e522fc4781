//! Pages of a timeline, single messages, reactions.

use super::parts::{MessagePart, counts, message_columns, read_counts};
use super::views::{MessagePage, MessageView, ReactionView, Window};
use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::reader::{Access, Opening, ReadFault};
use domain::conversation::values::PrivacyMode;
use domain::ids::{AccountId, ConversationId, MessageId};
use std::collections::HashMap;

/// The newest message that `$1` may read in `$2`; no row for who never was in it.
const VISIBLE: &str = "SELECT COALESCE(m.left_seq, h.head_seq) FROM memberships m \
    JOIN heads h ON h.conversation = m.conversation WHERE m.account = $1 AND m.conversation = $2";

const RANGE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM timeline t WHERE t.conversation = $1 AND t.seq >= $2 AND t.seq <= $3 ORDER BY t.seq"
);

const RANGE_COUNTS: &str = "SELECT conversation, seq, emoji, COUNT(*), \
    CAST(MAX(CASE WHEN account = $4 THEN 1 ELSE 0 END) AS BIGINT) FROM reactions \
    WHERE conversation = $1 AND seq >= $2 AND seq <= $3 \
    GROUP BY conversation, seq, emoji ORDER BY seq, MIN(position)";

const REACTIONS: &str = "SELECT emoji, account FROM reactions WHERE conversation = $1 AND seq = $2 \
    ORDER BY position, emoji, account";

/// Messages that the viewer, who stands in every row, may read.
static SOME: Bulk = Bulk::new(
    "WITH v (account, conversation, seq) AS (",
    3,
    concat!(
        ") SELECT ",
        message_columns!(),
        " FROM v JOIN memberships m ON m.account = v.account AND m.conversation = v.conversation \
          JOIN timeline t ON t.conversation = v.conversation AND t.seq = v.seq \
          WHERE m.left_seq IS NULL OR m.left_seq >= v.seq"
    ),
);

const SEARCHABLE: &str = concat!(
    "SELECT ",
    message_columns!(),
    " FROM timeline t JOIN conversations c ON c.conversation = t.conversation \
      WHERE t.conversation = $1 AND t.seq = $2 AND c.privacy_mode = $3"
);

/// The first and last sequence number of a window over 1..=head, and whether that reaches the oldest and the newest.
/// Sequence numbers have no gaps, so a page is a range of them.
fn range(window: Window, head: u64, limit: u64) -> (u64, u64, bool, bool) {
    let (first, last) = match window {
        Window::Newest => (head.saturating_sub(limit) + 1, head),
        Window::Before(seq) => {
            let last = seq.saturating_sub(1).min(head);
            (last.saturating_sub(limit) + 1, last)
        }
        Window::After(seq) => (seq.saturating_add(1), seq.saturating_add(limit).min(head)),
        Window::Around(seq) => {
            let last = seq.min(head).saturating_sub(limit / 2).max(1).saturating_add(limit - 1).min(head);
            (last.saturating_sub(limit) + 1, last)
        }
    };
    (first, last, first <= 1, last >= head)
}

/// The newest message of the conversation that the viewer may read; none for who never was in it.
pub(super) async fn visible_seq(
    tx: &mut Tx,
    viewer: AccountId,
    conversation: ConversationId,
) -> Result<Option<u64>, ReadFault> {
    let row = tx.fetch_optional(VISIBLE, [viewer.into(), conversation.into()]).await?;
    Ok(row.map(|row| row.columns().number()).transpose()?)
}

/// A part of a timeline; none for who never was in the conversation.
pub(super) async fn page(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    conversation: ConversationId,
    window: Window,
    limit: usize,
) -> Result<Option<MessagePage>, ReadFault> {
    let Some(head) = visible_seq(&mut tx, viewer, conversation).await? else { return Ok(None) };
    let (first, last, found_oldest, found_newest) = range(window, head, limit.max(1) as u64);
    let rows = tx.fetch_all(RANGE, [conversation.into(), first.into(), last.into()]).await?;
    let counted = tx.fetch_all(RANGE_COUNTS, [conversation.into(), first.into(), last.into(), viewer.into()]).await?;
    tx.commit().await?;
    let mut counts = read_counts(&counted)?;
    let mut opening = Opening::default();
    let parts = rows.iter().map(|row| MessagePart::of(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
    let opened = opening.open(&*access.words).await?;
    let items = parts.into_iter().map(|part| {
        let reactions = counts.remove(&part.id()).unwrap_or_default();
        part.view(&opened, reactions)
    });
    Ok(Some(MessagePage { items: items.collect::<Result<_, _>>()?, found_oldest, found_newest }))
}

/// These messages, in their order; none in the place of one that the viewer may not read.
pub(super) async fn some(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    ids: &[MessageId],
) -> Result<Vec<Option<MessageView>>, ReadFault> {
    let asked = ids.iter().flat_map(|id| [viewer.into(), id.conversation.into(), Value::from(id.seq)]);
    let rows = SOME.fetch(&mut tx, asked.collect()).await?;
    let mut opening = Opening::default();
    let parts = rows.iter().map(|row| MessagePart::of(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
    let found: Vec<MessageId> = parts.iter().map(MessagePart::id).collect();
    let counts = counts(&mut tx, viewer, &found).await?;
    tx.commit().await?;
    let opened = opening.open(&*access.words).await?;
    let mut views = HashMap::with_capacity(parts.len());
    for part in parts {
        let reactions = counts.get(&part.id()).cloned().unwrap_or_default();
        views.insert(part.id(), part.view(&opened, reactions)?);
    }
    Ok(ids.iter().map(|id| views.get(id).cloned()).collect())
}

/// One message of a searchable conversation, whoever asks; none of a strictly encrypted one.
pub(super) async fn searchable(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    id: MessageId,
) -> Result<Option<MessageView>, ReadFault> {
    let mode = PrivacyMode::Searchable.as_str();
    let Some(row) = tx.fetch_optional(SEARCHABLE, [id.conversation.into(), id.seq.into(), mode.into()]).await? else {
        return Ok(None);
    };
    let mut opening = Opening::default();
    let part = MessagePart::of(&row, &mut opening)?;
    let reactions = counts(&mut tx, viewer, &[id]).await?.remove(&id).unwrap_or_default();
    tx.commit().await?;
    let opened = opening.open(&*access.words).await?;
    Ok(Some(part.view(&opened, reactions)?))
}

/// Who reacted with what; none for a message that the viewer may not read.
pub(super) async fn reactions(
    mut tx: Tx,
    viewer: AccountId,
    id: MessageId,
) -> Result<Option<Vec<ReactionView>>, ReadFault> {
    let visible = visible_seq(&mut tx, viewer, id.conversation).await?;
    if visible.is_none_or(|seq| id.seq == 0 || id.seq > seq) {
        return Ok(None);
    }
    let rows = tx.fetch_all(REACTIONS, [id.conversation.into(), id.seq.into()]).await?;
    tx.commit().await?;
    let mut views: Vec<ReactionView> = Vec::new();
    for row in &rows {
        let mut columns = row.columns();
        let (emoji, account) = (columns.take::<String>()?, columns.account()?);
        match views.iter_mut().find(|view| view.emoji == emoji) {
            Some(view) => view.accounts.push(account),
            None => views.push(ReactionView { emoji, accounts: vec![account] }),
        }
    }
    Ok(Some(views))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_range_of_sequence_numbers() {
        assert_eq!(range(Window::Newest, 10, 4), (7, 10, false, true));
        assert_eq!(range(Window::Newest, 3, 4), (1, 3, true, true));
        assert_eq!(range(Window::Newest, 0, 4), (1, 0, true, true));
        assert_eq!(range(Window::Before(3), 10, 4), (1, 2, true, false));
        assert_eq!(range(Window::Before(1), 10, 4), (1, 0, true, false));
        assert_eq!(range(Window::Before(99), 10, 4), (7, 10, false, true));
        assert_eq!(range(Window::After(0), 10, 4), (1, 4, true, false));
        assert_eq!(range(Window::After(9), 10, 4), (10, 10, false, true));
        assert!(range(Window::After(u64::MAX), 10, 4).3);
        assert_eq!(range(Window::Around(5), 10, 4), (3, 6, false, false));
        assert_eq!(range(Window::Around(1), 10, 4), (1, 4, true, false));
        assert_eq!(range(Window::Around(99), 10, 4), (7, 10, false, true));
        assert_eq!(range(Window::Around(2), 2, 4), (1, 2, true, true));
    }
}
