//! Answers questions about conversations and messages. Each answer, its access check and the position that it is as
//! of come from one snapshot. None stands for what the viewer may not know exists.

use super::history::Asker;
use super::retention::OverAge;
use super::views::{
    ConversationView, GroupNames, HistoryPage, InboxPage, InboxQuery, MemberView, MembersPage, MessagePage,
    MessageView, PinView, ReactionView, Window,
};
use super::{history, inbox, pins, readable, retention, thread, timeline};
use crate::database::bulk::Bulk;
use crate::database::value::Value;
use crate::reader::{Access, At, ReadFault};
use crate::search::port::Readable;
use domain::clock::Time;
use domain::conversation::values::MemberRole;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use std::collections::HashMap;

/// Members of `$2` as `$1` may know them: those of now, or those who stayed when `$1` left, with the role of then.
const MEMBERS: &str = "WITH viewer AS (SELECT COALESCE(left_position, 9223372036854775807) AS until FROM memberships \
      WHERE account = $1 AND conversation = $2) \
    SELECT o.account, o.role, o.joined_at, o.joined_position FROM viewer v \
    JOIN memberships o ON o.conversation = $2 AND o.joined_position > $3 AND o.since_position < v.until \
      AND (o.left_position IS NULL OR o.left_position > v.until) \
    UNION ALL SELECT o.account, o.role, o.joined_at, o.joined_position FROM viewer v \
    JOIN member_periods o ON o.conversation = $2 AND o.joined_position > $3 AND o.since_position < v.until \
      AND o.until_position > v.until \
    ORDER BY joined_position LIMIT $4";

/// In how many conversations each of these accounts is.
static MEMBERSHIP_COUNTS: Bulk = Bulk::new(
    "WITH v (account) AS (",
    1,
    ") SELECT v.account, (SELECT count(*) FROM memberships m WHERE m.account = v.account AND m.left_position IS NULL) FROM v",
);

/// Answers questions about conversations and messages.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// How many members a conversation has; none if it does not exist, or not yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn member_count(&self, conversation: ConversationId) -> Result<At<Option<usize>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let sql = "SELECT member_count FROM conversations WHERE conversation = $1";
        let row = tx.fetch_optional(sql, [conversation.into()]).await?;
        tx.commit().await?;
        let count = row.map(|row| row.columns().number()).transpose()?;
        Ok(At { position, value: count.map(|count| usize::try_from(count).unwrap_or(usize::MAX)) })
    }

    /// A page of the viewer's inbox, newest activity first.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn inbox(&self, viewer: AccountId, query: &InboxQuery) -> Result<At<InboxPage>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: inbox::page(&self.0, tx, viewer, query).await? })
    }

    /// A conversation that the viewer is or was in.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn conversation(
        &self,
        viewer: AccountId,
        conversation: ConversationId,
    ) -> Result<At<Option<ConversationView>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: inbox::one(&self.0, tx, viewer, conversation).await? })
    }

    /// Up to `limit` members, the longest first, after the `cursor` of the page before
    /// ([`Position::START`] for the first page).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn members(
        &self,
        viewer: AccountId,
        conversation: ConversationId,
        after: Position,
        limit: usize,
    ) -> Result<At<Option<MembersPage>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let known = tx
            .fetch_optional(
                "SELECT 1 FROM memberships WHERE account = $1 AND conversation = $2",
                [viewer.into(), conversation.into()],
            )
            .await?;
        if known.is_none() {
            return Ok(At { position, value: None });
        }
        let values = [viewer.into(), conversation.into(), after.into(), (limit as u64 + 1).into()];
        let rows = tx.fetch_all(MEMBERS, values).await?;
        tx.commit().await?;
        let mut items = Vec::with_capacity(rows.len());
        for row in rows.iter().take(limit) {
            let mut columns = row.columns();
            items.push(MemberView {
                account: columns.account()?,
                role: columns.parsed(MemberRole::parse)?,
                joined_at: columns.time()?,
                cursor: columns.position()?,
            });
        }
        Ok(At { position, value: Some(MembersPage { items, has_more: rows.len() > limit }) })
    }

    /// The pinned messages of a conversation, the newest pin first. There are at most
    /// [`domain::limits::PINS_PER_CONVERSATION_MAX`].
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn pins(
        &self,
        viewer: AccountId,
        conversation: ConversationId,
    ) -> Result<At<Option<Vec<PinView>>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: pins::all(&self.0, tx, viewer, conversation).await? })
    }

    /// Which of these accounts are members of so many conversations or more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn in_many(&self, accounts: &[AccountId], conversations: usize) -> Result<At<Vec<AccountId>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = MEMBERSHIP_COUNTS.fetch(&mut tx, accounts.iter().copied().map(Value::from).collect()).await?;
        tx.commit().await?;
        let mut value = Vec::new();
        for row in &rows {
            let mut columns = row.columns();
            let (account, count) = (columns.account()?, columns.number()?);
            if count >= conversations as u64 {
                value.push(account);
            }
        }
        Ok(At { position, value })
    }

    /// For how many days a conversation keeps messages (the inner none: for as long as itself), for one who is in it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention(
        &self,
        viewer: AccountId,
        conversation: ConversationId,
    ) -> Result<At<Option<Option<u32>>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: retention::days_for_member(&mut tx, viewer, conversation).await? })
    }

    /// The same for somebody whose role lets them know it of any conversation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retention_of_any(&self, conversation: ConversationId) -> Result<At<Option<Option<u32>>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: retention::days_of_any(&mut tx, conversation).await? })
    }

    /// The messages that are over the age that their conversation keeps them, of up to `limit` conversations.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn over_age(&self, now: Time, limit: usize) -> Result<At<Vec<OverAge>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: retention::over_age(&mut tx, now, limit).await? })
    }

    /// Every conversation that the account is a member of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn memberships(&self, account: AccountId) -> Result<At<Vec<ConversationId>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                "SELECT conversation FROM memberships WHERE account = $1 AND left_position IS NULL ORDER BY conversation",
                [account.into()],
            )
            .await?;
        tx.commit().await?;
        let value = rows.iter().map(|row| row.columns().conversation()).collect::<Result<_, _>>()?;
        Ok(At { position, value })
    }

    /// A part of a conversation's timeline, oldest first.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn page(
        &self,
        viewer: AccountId,
        conversation: ConversationId,
        window: Window,
        limit: usize,
    ) -> Result<At<Option<MessagePage>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: timeline::page(&self.0, tx, viewer, conversation, window, limit).await? })
    }

    /// A part of the replies to a message, oldest first.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn thread(
        &self,
        viewer: AccountId,
        root: MessageId,
        window: Window,
        limit: usize,
    ) -> Result<At<Option<MessagePage>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: thread::page(&self.0, tx, viewer, root, window, limit).await? })
    }

    /// Up to `limit` versions of a message, oldest first, from the one with the number `from` on (0 for the first).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history(
        &self,
        viewer: AccountId,
        id: MessageId,
        from: u64,
        limit: usize,
    ) -> Result<At<Option<HistoryPage>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: history::page(tx, Asker::Member(viewer), id, from, limit).await? })
    }

    /// The same of a message of a searchable conversation, for somebody whose role lets them read it. That they may, and
    /// that they did, is the caller's to know and to record before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn searchable_history(
        &self,
        id: MessageId,
        from: u64,
        limit: usize,
    ) -> Result<At<Option<HistoryPage>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: history::page(tx, Asker::Role, id, from, limit).await? })
    }

    /// One message.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn message(&self, viewer: AccountId, id: MessageId) -> Result<At<Option<MessageView>>, ReadFault> {
        let At { position, mut value } = self.messages(viewer, &[id]).await?;
        Ok(At { position, value: value.pop().flatten() })
    }

    /// One message of a searchable conversation, for somebody whose role lets them read it. That they may, and that
    /// they did, is the caller's to know and to record before.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn searchable_message(
        &self,
        viewer: AccountId,
        id: MessageId,
    ) -> Result<At<Option<MessageView>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: timeline::searchable(&self.0, tx, viewer, id).await? })
    }

    /// Several messages of any conversations, in the order of `ids`.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn messages(
        &self,
        viewer: AccountId,
        ids: &[MessageId],
    ) -> Result<At<Vec<Option<MessageView>>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: timeline::some(&self.0, tx, viewer, ids).await? })
    }

    /// Who reacted to a message with what, in the order of each emoji's first reaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reactions(
        &self,
        viewer: AccountId,
        id: MessageId,
    ) -> Result<At<Option<Vec<ReactionView>>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: timeline::reactions(tx, viewer, id).await? })
    }

    /// The searchable conversations that the viewer is or was in, each with how far they may read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn readable(&self, viewer: AccountId) -> Result<At<Vec<Readable>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: readable::all(tx, viewer).await? })
    }

    /// What these conversations are called for the viewer (without `of`, all searchable ones); direct ones have no name.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn names(
        &self,
        viewer: AccountId,
        of: Option<&[ConversationId]>,
    ) -> Result<At<HashMap<ConversationId, GroupNames>>, ReadFault> {
        let (tx, position) = self.0.snapshot().await?;
        Ok(At { position, value: readable::names(&self.0, tx, viewer, of).await? })
    }
}
