//! The pinned messages of a conversation.

use super::parts::{MessagePart, counts, message_columns};
use super::views::PinView;
use crate::database::tx::Tx;
use crate::reader::{Access, Opening, ReadFault};
use domain::ids::{AccountId, ConversationId, MessageId};

/// Pins of `$2` that `$1` may see, the newest first. Who left sees those of then that still stand.
const PINS: &str = concat!(
    "SELECT p.pinned_by, p.pinned_at, ",
    message_columns!(),
    " FROM memberships m JOIN pins p ON p.conversation = m.conversation \
      AND (m.left_position IS NULL OR (p.position < m.left_position AND p.seq <= m.left_seq)) \
      JOIN timeline t ON t.conversation = p.conversation AND t.seq = p.seq \
      WHERE m.account = $1 AND m.conversation = $2 ORDER BY p.position DESC"
);

/// All pins, of which a conversation has few; none for who never was in it.
pub(super) async fn all(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    conversation: ConversationId,
) -> Result<Option<Vec<PinView>>, ReadFault> {
    let known = "SELECT 1 FROM memberships WHERE account = $1 AND conversation = $2";
    if tx.fetch_optional(known, [viewer.into(), conversation.into()]).await?.is_none() {
        return Ok(None);
    }
    let rows = tx.fetch_all(PINS, [viewer.into(), conversation.into()]).await?;
    let mut opening = Opening::default();
    let mut parts = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut columns = row.columns();
        let (by, at) = (columns.account()?, columns.time()?);
        parts.push((by, at, MessagePart::read(&mut columns, &mut opening)?));
    }
    let ids: Vec<MessageId> = parts.iter().map(|(_, _, part)| part.id()).collect();
    let mut counts = counts(&mut tx, viewer, &ids).await?;
    tx.commit().await?;
    let opened = opening.open(&*access.words).await?;
    let views = parts.into_iter().map(|(pinned_by, pinned_at, part)| {
        let reactions = counts.remove(&part.id()).unwrap_or_default();
        Ok(PinView { message: part.view(&opened, reactions)?, pinned_by, pinned_at })
    });
    Ok(Some(views.collect::<Result<_, ReadFault>>()?))
}
