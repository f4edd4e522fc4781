//! Who comes and goes in a batch: folded in memory over the rows as they stood before it.

use super::tables::{FIND_HEADS, FIND_MEMBERSHIPS, INSERT_PERIODS, PUT_MEMBERSHIPS};
use crate::database::row::{DatabaseFault, Row};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::projection::{ApplyFault, Step};
use domain::clock::Time;
use domain::conversation::values::MemberRole;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, Position};
use domain::recorded::Recorded;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// When somebody left, and the newest message then: what they may still read.
#[derive(Clone, Copy)]
pub(super) struct Left {
    at: Time,
    position: Position,
    seq: u64,
}

/// A row of `memberships`.
#[derive(Clone)]
pub(super) struct Membership {
    role: MemberRole,
    joined_at: Time,
    joined_position: Position,
    /// Of the event that gave the role.
    since: Position,
    left: Option<Left>,
}

/// A time that is over, in which somebody was in with one role.
struct Period {
    key: Key,
    was: Membership,
    until: Position,
}

type Key = (AccountId, ConversationId);

/// The rows that a batch touches.
#[derive(Default)]
pub(super) struct Members {
    rows: BTreeMap<Key, Membership>,
    /// What became of rows before they were changed. Of who left, the row itself tells it until they come back.
    periods: Vec<Period>,
    heads: BTreeMap<ConversationId, u64>,
}

impl Members {
    /// Fetches the rows that this batch's joins, leaves and changes of role are about, in two queries; in none when
    /// there are no such events.
    pub(super) async fn gather(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<Self, ApplyFault> {
        let mut keys: BTreeSet<Key> = BTreeSet::new();
        for recorded in batch {
            let account = match &recorded.event {
                Event::MemberJoined(e) => e.account,
                Event::MemberLeft(e) => e.account,
                Event::MemberRoleChanged(e) => e.account,
                _ => continue,
            };
            keys.insert((account, conversation_of(recorded)?));
        }
        let mut members = Self::default();
        if keys.is_empty() {
            return Ok(members);
        }
        let tx = step.tx().await?;
        let conversations: BTreeSet<ConversationId> = keys.iter().map(|(_, conversation)| *conversation).collect();
        for row in FIND_HEADS.fetch(tx, conversations.into_iter().map(Value::from).collect()).await? {
            let mut columns = row.columns();
            members.heads.insert(columns.conversation()?, columns.number()?);
        }
        let keys = keys.into_iter().flat_map(|(account, conversation)| [account.into(), conversation.into()]);
        for row in FIND_MEMBERSHIPS.fetch(tx, keys.collect()).await? {
            let (key, membership) = read(&row)?;
            members.rows.insert(key, membership);
        }
        Ok(members)
    }

    /// The newest message of a conversation at this moment of the batch.
    pub(super) fn head(&self, conversation: ConversationId, in_batch: Option<u64>) -> u64 {
        in_batch.or_else(|| self.heads.get(&conversation).copied()).unwrap_or(0)
    }

    /// Somebody is a member from now on; gives by how much that changes the number of members.
    pub(super) fn join(&mut self, key: Key, role: MemberRole, recorded: &Recorded) -> i64 {
        let (joined_at, joined_position) = (recorded.occurred_at, recorded.position);
        let now = Membership { role, joined_at, joined_position, since: joined_position, left: None };
        let Some(was) = self.rows.insert(key, now) else { return 1 };
        let change = i64::from(was.left.is_some());
        let until = was.left.map_or(recorded.position, |left| left.position);
        self.periods.push(Period { key, was, until });
        change
    }

    /// Somebody is no member any more, and reads no further than `seq`; gives by how much that changes the number of
    /// members.
    pub(super) fn leave(&mut self, key: Key, recorded: &Recorded, seq: u64) -> Result<i64, ApplyFault> {
        let row = self.row(key, recorded)?;
        let was_in = row.left.is_none();
        row.left = Some(Left { at: recorded.occurred_at, position: recorded.position, seq });
        Ok(-i64::from(was_in))
    }

    /// Somebody has another role.
    pub(super) fn change_role(&mut self, key: Key, role: MemberRole, recorded: &Recorded) -> Result<(), ApplyFault> {
        let row = self.row(key, recorded)?;
        let was = row.clone();
        (row.role, row.since) = (role, recorded.position);
        self.periods.push(Period { key, was, until: recorded.position });
        Ok(())
    }

    fn row(&mut self, key: Key, recorded: &Recorded) -> Result<&mut Membership, ApplyFault> {
        self.rows.get_mut(&key).ok_or(ApplyFault::Unfit(recorded.position, "it is about somebody who never joined"))
    }

    /// Writes the rows.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let mut values: Vec<Value> = Vec::with_capacity(self.rows.len() * 9);
        for ((account, conversation), row) in self.rows {
            values.extend([
                account.into(),
                conversation.into(),
                row.role.as_str().into(),
                row.joined_at.into(),
                row.joined_position.into(),
                row.left.map(|left| left.at).into(),
                row.left.map(|left| left.position).into(),
                row.left.map(|left| left.seq).into(),
                row.since.into(),
            ]);
        }
        PUT_MEMBERSHIPS.execute(tx, values).await?;
        let periods = self.periods.into_iter().flat_map(|Period { key: (account, conversation), was, until }| {
            let Membership { role, joined_at, joined_position, since, left: _ } = was;
            let (account, joined_at) = (account.into(), joined_at.into());
            [
                conversation.into(),
                account,
                since.into(),
                until.into(),
                role.as_str().into(),
                joined_at,
                joined_position.into(),
            ]
        });
        INSERT_PERIODS.execute(tx, periods.collect()).await?;
        Ok(())
    }
}

fn read(row: &Row) -> Result<(Key, Membership), DatabaseFault> {
    let mut columns = row.columns();
    let key = (columns.account()?, columns.conversation()?);
    let role = columns.parsed(MemberRole::parse)?;
    let (joined_at, joined_position) = (columns.time()?, columns.position()?);
    let left = (columns.maybe_time()?, columns.maybe_number()?, columns.maybe_number()?);
    let since = columns.position()?;
    let left = match left {
        (Some(at), Some(position), Some(seq)) => Some(Left { at, position: Position(position), seq }),
        _ => None,
    };
    Ok((key, Membership { role, joined_at, joined_position, since, left }))
}

/// The conversation that an event's stream belongs to.
pub(super) fn conversation_of(recorded: &Recorded) -> Result<ConversationId, ApplyFault> {
    let unfit = ApplyFault::Unfit(recorded.position, "its stream is no conversation's");
    recorded.stream.conversation_id().ok_or(unfit)
}
