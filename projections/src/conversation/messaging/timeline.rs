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

/// The last message that is gone and the newest that `$1` may read in `$2`; no row for who never was in it.
const VISIBLE: &str = "SELECT COALESCE(r.purged_seq, 0), COALESCE(m.left_seq, h.head_seq) FROM memberships m \
    JOIN heads h ON h.conversation = m.conversation LEFT JOIN retentions r ON r.conversation = m.conversation \
    WHERE m.account = $1 AND m.conversation = $2";

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

/// The first and last sequence number of a window over what is visible, and whether that reaches the oldest and the
/// newest. Sequence numbers have no gaps, so a page is a range of them.
fn range(window: Window, visible: Visible, limit: u64) -> (u64, u64, bool, bool) {
    let Visible { oldest, head } = visible;
    let up_to = |last: u64| (last.saturating_sub(limit).saturating_add(1).max(oldest), last);
    let (first, last) = match window {
        Window::Newest => up_to(head),
        Window::Before(seq) => up_to(seq.saturating_sub(1).min(head)),
        Window::After(seq) => {
            let first = seq.saturating_add(1).max(oldest);
            (first, first.saturating_add(limit - 1).min(head))
        }
        Window::Around(seq) => {
            let first = seq.min(head).saturating_sub(limit / 2).max(oldest);
            up_to(first.saturating_add(limit - 1).min(head))
        }
    };
    (first, last, first <= oldest, last >= head)
}

/// The messages of a conversation that somebody may read; none of them where `head` is before `oldest`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visible {
    /// The first that was not purged.
    pub(super) oldest: u64,
    /// The newest that they may read.
    pub(super) head: u64,
}

impl Visible {
    /// Whether this message is one of them.
    pub(super) fn contains(self, seq: u64) -> bool {
        (self.oldest..=self.head).contains(&seq)
    }
}

/// The messages of the conversation that the viewer may read; none for who never was in it.
pub(super) async fn visible(
    tx: &mut Tx,
    viewer: AccountId,
    conversation: ConversationId,
) -> Result<Option<Visible>, ReadFault> {
    let Some(row) = tx.fetch_optional(VISIBLE, [viewer.into(), conversation.into()]).await? else { return Ok(None) };
    let mut columns = row.columns();
    Ok(Some(Visible { oldest: columns.number()? + 1, head: columns.number()? }))
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
    let Some(visible) = visible(&mut tx, viewer, conversation).await? else { return Ok(None) };
    let (first, last, found_oldest, found_newest) = range(window, visible, limit.max(1) as u64);
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
    let visible = visible(&mut tx, viewer, id.conversation).await?;
    if visible.is_none_or(|visible| !visible.contains(id.seq)) {
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

    fn of(window: Window, oldest: u64, head: u64) -> (u64, u64, bool, bool) {
        range(window, Visible { oldest, head }, 4)
    }

    #[test]
    fn a_window_is_a_range_of_sequence_numbers() {
        assert_eq!(of(Window::Newest, 1, 10), (7, 10, false, true));
        assert_eq!(of(Window::Newest, 1, 3), (1, 3, true, true));
        assert_eq!(of(Window::Newest, 1, 0), (1, 0, true, true));
        assert_eq!(of(Window::Before(3), 1, 10), (1, 2, true, false));
        assert_eq!(of(Window::Before(1), 1, 10), (1, 0, true, false));
        assert_eq!(of(Window::Before(99), 1, 10), (7, 10, false, true));
        assert_eq!(of(Window::After(0), 1, 10), (1, 4, true, false));
        assert_eq!(of(Window::After(9), 1, 10), (10, 10, false, true));
        assert!(of(Window::After(u64::MAX), 1, 10).3);
        assert_eq!(of(Window::Around(5), 1, 10), (3, 6, false, false));
        assert_eq!(of(Window::Around(1), 1, 10), (1, 4, true, false));
        assert_eq!(of(Window::Around(99), 1, 10), (7, 10, false, true));
        assert_eq!(of(Window::Around(2), 1, 2), (1, 2, true, true));
    }

    #[test]
    fn a_window_begins_after_what_is_gone() {
        assert_eq!(of(Window::After(0), 6, 20), (6, 9, true, false));
        assert_eq!(of(Window::After(7), 6, 20), (8, 11, false, false));
        assert_eq!(of(Window::Before(8), 6, 20), (6, 7, true, false));
        assert_eq!(of(Window::Before(3), 6, 20), (6, 2, true, false));
        assert_eq!(of(Window::Around(2), 6, 20), (6, 9, true, false));
        assert_eq!(of(Window::Newest, 6, 8), (6, 8, true, true));
        // Everything is gone, also for who left before it went.
        assert_eq!(of(Window::Newest, 6, 5), (6, 5, true, true));
        assert_eq!(of(Window::After(0), 6, 5), (6, 5, true, true));
        assert_eq!(of(Window::Newest, 6, 3), (6, 3, true, true));
    }
}
