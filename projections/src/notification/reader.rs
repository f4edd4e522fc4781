//! Answers questions about an account's own notifications.

use crate::database::row::{DatabaseFault, Row};
use crate::database::tx::Tx;
use crate::reader::{Access, At, ReadFault};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::notification::values::NotificationKind;

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationView {
    /// Of the event that it tells of.
    pub position: Position,
    /// What of.
    pub kind: NotificationKind,
    /// Where.
    pub conversation: ConversationId,
    /// The message that mentions or answers, or that was reacted to.
    pub message: Option<MessageId>,
    /// Who did it.
    pub actor: AccountId,
    /// With what somebody reacted.
    pub emoji: Option<String>,
    /// When.
    pub at: Time,
    /// Whether it was read.
    pub is_read: bool,
}

/// A page of notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationPage {
    /// The newest first.
    pub items: Vec<NotificationView>,
    /// Whether older ones follow.
    pub has_more: bool,
}

/// Answers questions about notifications.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// An account's notifications, the newest first. `before` is the position of the page before's last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        &self,
        account: AccountId,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<NotificationPage>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let read_up_to = read_up_to(&mut tx, account).await?;
        let sql = "SELECT position, kind, conversation, seq, actor, emoji, created_at FROM notifications \
                   WHERE account = $1 AND position < $2 ORDER BY number DESC LIMIT $3";
        let before = before.map_or(i64::MAX, |position| i64::try_from(position.0).unwrap_or(i64::MAX));
        let mut rows = tx.fetch_all(sql, [account.into(), before.into(), (limit as u64 + 1).into()]).await?;
        tx.commit().await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let items = rows.iter().map(|row| view(row, read_up_to)).collect::<Result<_, _>>()?;
        Ok(At { position, value: NotificationPage { items, has_more } })
    }

    /// How many of them are not read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unread(&self, account: AccountId) -> Result<At<u64>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let read_up_to = read_up_to(&mut tx, account).await?;
        let sql = "SELECT COUNT(*) FROM notifications WHERE account = $1 AND position > $2";
        let row = tx.fetch_optional(sql, [account.into(), read_up_to.into()]).await?;
        tx.commit().await?;
        let value = row.map(|row| row.columns().number()).transpose()?.unwrap_or_default();
        Ok(At { position, value })
    }
}

async fn read_up_to(tx: &mut Tx, account: AccountId) -> Result<Position, ReadFault> {
    let sql = "SELECT read_up_to FROM notification_heads WHERE account = $1";
    let row = tx.fetch_optional(sql, [account.into()]).await?;
    Ok(row.map(|row| row.columns().position()).transpose()?.unwrap_or_default())
}

fn view(row: &Row, read_up_to: Position) -> Result<NotificationView, DatabaseFault> {
    let mut columns = row.columns();
    let position = columns.position()?;
    let kind = columns.parsed(NotificationKind::parse)?;
    let conversation = columns.conversation()?;
    let message = columns.maybe_number()?.map(|seq| MessageId { conversation, seq });
    let (actor, emoji) = (columns.account()?, columns.take::<String>()?);
    let emoji = Some(emoji).filter(|emoji| !emoji.is_empty());
    let is_read = position <= read_up_to;
    Ok(NotificationView { position, kind, conversation, message, actor, emoji, at: columns.time()?, is_read })
}
