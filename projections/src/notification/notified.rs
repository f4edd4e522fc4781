//! What a batch notifies of, and what it withdraws: of messages that were deleted, reactions that were taken back, people
//! who left, accounts that were erased or that somebody blocks.

use super::known::{Key, Known};
use super::tables::{
    BLOCK, COUNT, DROP, FORGET_HEADS, INSERT, READ, UNBLOCK, WITHDRAW_OF_ACCOUNTS, WITHDRAW_OF_ACTORS,
    WITHDRAW_OF_BLOCKED, WITHDRAW_OF_MEMBERS, WITHDRAW_OF_MESSAGES, WITHDRAW_OF_REACTIONS,
};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::{ApplyFault, Step};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::limits::NOTIFICATIONS_PER_ACCOUNT_MAX;
use domain::notification::values::{Cause, NotificationKind};
use domain::recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is wrong with a block's event elsewhere.
const RELATIONSHIPS: &str = "its stream is no account's relationships";

/// A notification of the batch.
struct New {
    account: AccountId,
    /// Which of the account's in this batch, from 1.
    index: u64,
    position: Position,
    kind: NotificationKind,
    conversation: ConversationId,
    message: Option<MessageId>,
    actor: AccountId,
    emoji: String,
    at: Time,
}

/// Everything that a batch changes of notifications.
#[derive(Default)]
pub(crate) struct Notified {
    known: Known,
    new: Vec<New>,
    /// How many each account had in this batch, also those that were withdrawn in it: which are the newest must not depend
    /// on how the log is cut into batches.
    counts: BTreeMap<AccountId, u64>,
    read: BTreeMap<AccountId, Position>,
    // What was withdrawn, for the rows from before the batch.
    messages: BTreeSet<MessageId>,
    reactions: BTreeSet<(MessageId, AccountId, String)>,
    members: BTreeSet<Key>,
    erased: BTreeSet<AccountId>,
    blocked: BTreeSet<(AccountId, AccountId)>,
    /// Whether one blocks another in the end.
    blocks: BTreeMap<(AccountId, AccountId), bool>,
}

impl Notified {
    /// Folds a batch.
    pub(crate) async fn of(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<Self, ApplyFault> {
        let mut notified = Self { known: Known::gather(batch, step).await?, ..Self::default() };
        for recorded in batch {
            notified.take(recorded)?;
        }
        Ok(notified)
    }

    fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let unfit = |what| ApplyFault::Unfit(recorded.position, what);
        self.known.take(recorded);
        match &recorded.event {
            Event::MessageDeleted(_) => {
                let id = recorded.stream.message_id().ok_or_else(|| unfit("its stream is no message's"))?;
                self.new.retain(|new| new.message != Some(id));
                self.messages.insert(id);
            }
            // The rows from before the batch go with the messages, at its end.
            Event::MessagesPurged(e) => {
                let id = recorded.stream.conversation_id().ok_or_else(|| unfit("its stream is no conversation's"))?;
                let is_gone = |message: MessageId| message.conversation == id && message.seq <= e.through_seq;
                self.new.retain(|new| !new.message.is_some_and(is_gone));
            }
            Event::ReactionRemoved(e) => {
                let id = recorded.stream.message_id().ok_or_else(|| unfit("its stream is no message's"))?;
                self.new.retain(|new| new.message != Some(id) || new.actor != e.account || new.emoji != e.emoji);
                self.reactions.insert((id, e.account, e.emoji.clone()));
            }
            Event::MemberLeft(e) => {
                let id = recorded.stream.conversation_id().ok_or_else(|| unfit("its stream is no conversation's"))?;
                self.new.retain(|new| (new.account, new.conversation) != (e.account, id));
                self.members.insert((e.account, id));
            }
            Event::AccountErased(e) => {
                self.new.retain(|new| new.account != e.account && new.actor != e.account);
                self.counts.remove(&e.account);
                self.read.remove(&e.account);
                self.erased.insert(e.account);
            }
            Event::AccountBlocked(e) => {
                let owner = recorded.stream.relationship_id().ok_or_else(|| unfit(RELATIONSHIPS))?;
                self.new.retain(|new| (new.account, new.actor) != (owner, e.account));
                self.blocked.insert((owner, e.account));
                self.blocks.insert((owner, e.account), true);
            }
            Event::AccountUnblocked(e) => {
                let owner = recorded.stream.relationship_id().ok_or_else(|| unfit(RELATIONSHIPS))?;
                self.blocks.insert((owner, e.account), false);
            }
            Event::NotificationsRead(e) => {
                let account = recorded.stream.notified_id().ok_or_else(|| unfit("its stream is no account's"))?;
                let read = self.read.entry(account).or_default();
                *read = e.up_to.max(*read);
            }
            _ => {
                if let Some(cause) = Cause::of(recorded) {
                    self.notify(recorded, &cause);
                }
            }
        }
        Ok(())
    }

    fn notify(&mut self, recorded: &Recorded, cause: &Cause<'_>) {
        for (account, kind) in self.known.notified(recorded, cause) {
            let count = self.counts.entry(account).or_default();
            *count += 1;
            self.new.push(New {
                account,
                index: *count,
                position: recorded.position,
                kind,
                conversation: cause.conversation,
                message: cause.message,
                actor: cause.actor,
                emoji: cause.emoji.unwrap_or_default().to_owned(),
                at: recorded.occurred_at,
            });
        }
    }

    /// Writes it.
    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), ApplyFault> {
        let messages = self.messages.into_iter().flat_map(|id| [id.conversation.into(), Value::from(id.seq)]);
        WITHDRAW_OF_MESSAGES.execute(tx, messages.collect()).await?;
        let reactions = self
            .reactions
            .into_iter()
            .flat_map(|(id, actor, emoji)| [id.conversation.into(), id.seq.into(), actor.into(), Value::from(emoji)]);
        WITHDRAW_OF_REACTIONS.execute(tx, reactions.collect()).await?;
        let members =
            self.members.into_iter().flat_map(|(account, conversation)| [account.into(), Value::from(conversation)]);
        WITHDRAW_OF_MEMBERS.execute(tx, members.collect()).await?;
        let erased: Vec<Value> = self.erased.into_iter().map(Value::from).collect();
        for withdraw in [&WITHDRAW_OF_ACCOUNTS, &WITHDRAW_OF_ACTORS, &FORGET_HEADS] {
            withdraw.execute(tx, erased.clone()).await?;
        }
        let blocked = self.blocked.into_iter().flat_map(pair);
        WITHDRAW_OF_BLOCKED.execute(tx, blocked.collect()).await?;
        let (begun, ended): (Vec<_>, Vec<_>) = self.blocks.into_iter().partition(|(_, stands)| *stands);
        BLOCK.execute(tx, begun.into_iter().flat_map(|(key, _)| pair(key)).collect()).await?;
        UNBLOCK.execute(tx, ended.into_iter().flat_map(|(key, _)| pair(key)).collect()).await?;
        insert(tx, self.new, &self.counts).await?;
        let read =
            self.read.into_iter().flat_map(|(account, up_to)| [account.into(), 0_u64.into(), Value::from(up_to)]);
        READ.execute(tx, read.collect()).await?;
        Ok(())
    }
}

fn pair((owner, account): (AccountId, AccountId)) -> [Value; 2] {
    [owner.into(), account.into()]
}

async fn insert(tx: &mut Tx, new: Vec<New>, counts: &BTreeMap<AccountId, u64>) -> Result<(), ApplyFault> {
    let more = counts.iter().flat_map(|(account, count)| [(*account).into(), (*count).into(), Value::from(0_u64)]);
    let mut before: BTreeMap<AccountId, u64> = BTreeMap::new();
    let mut dropped = Vec::new();
    for row in COUNT.fetch(tx, more.collect()).await? {
        let mut columns = row.columns();
        let (account, created) = (columns.account()?, columns.number()?);
        let count = counts.get(&account).copied().unwrap_or_default();
        before.insert(account, created.saturating_sub(count));
        // One for each that came, and not before the first.
        let newest_dropped = created.saturating_sub(NOTIFICATIONS_PER_ACCOUNT_MAX);
        let first = newest_dropped.saturating_sub(count) + 1;
        dropped.extend((first..=newest_dropped).flat_map(|number| [account.into(), Value::from(number)]));
    }
    let rows = new.into_iter().flat_map(|new| {
        [
            new.account.into(),
            (before.get(&new.account).copied().unwrap_or_default() + new.index).into(),
            new.position.into(),
            new.kind.as_str().into(),
            new.conversation.into(),
            new.message.map(|id| id.seq).into(),
            new.actor.into(),
            new.emoji.into(),
            Value::from(new.at),
        ]
    });
    INSERT.execute(tx, rows.collect()).await?;
    DROP.execute(tx, dropped).await?;
    Ok(())
}
