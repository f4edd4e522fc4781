//! What is counted for analysts: messages by conversation, hour (UTC) and sender, reactions by conversation and emoji, events
//! by hour and type. docs/analytics.md describes the tables and the views over them.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::reader::{Access, At, ReadFault};
use crate::state_hash::{Kind, Table};
use chrono::{NaiveDate, Timelike};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::limits::ANALYTICS_MAX_MEMBERS;
use domain::recorded::Recorded;
use domain::stream::Category;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct MessageCounts;

static ADD_MESSAGES: Bulk = Bulk::new(
    "INSERT INTO message_counts (conversation, day, hour, sender, messages, last_at)",
    6,
    "ON CONFLICT (conversation, day, hour, sender) DO UPDATE SET messages = message_counts.messages + excluded.messages, \
     last_at = CASE WHEN message_counts.last_at < excluded.last_at THEN excluded.last_at ELSE message_counts.last_at END",
);

static ADD_REACTIONS: Bulk = Bulk::new(
    "INSERT INTO reaction_counts (conversation, emoji, given, standing)",
    4,
    "ON CONFLICT (conversation, emoji) DO UPDATE SET given = reaction_counts.given + excluded.given, \
     standing = reaction_counts.standing + excluded.standing",
);

static ADD_EVENTS: Bulk = Bulk::new(
    "INSERT INTO event_counts (day, hour, type, events)",
    4,
    "ON CONFLICT (day, hour, type) DO UPDATE SET events = event_counts.events + excluded.events",
);

impl Projection for MessageCounts {
    const NAME: &'static str = projection::MESSAGE_COUNTS;
    const VERSION: u32 = 2;
    const CHANGES: &'static [Change] = &[migrations::MESSAGE_COUNTS, migrations::ANALYTICS];
    const TABLES: &'static [Table] = &[
        Table {
            name: "message_counts",
            select: "SELECT conversation, day, hour, sender, messages, last_at FROM message_counts \
                     ORDER BY conversation, day, hour, sender",
            columns: &[Kind::Uuid, Kind::Day, Kind::Small, Kind::Uuid, Kind::Int, Kind::Time],
        },
        Table {
            name: "reaction_counts",
            select: "SELECT conversation, emoji, given, standing FROM reaction_counts ORDER BY conversation, emoji",
            columns: &[Kind::Uuid, Kind::Text, Kind::Int, Kind::Int],
        },
        Table {
            name: "event_counts",
            select: "SELECT day, hour, type, events FROM event_counts ORDER BY day, hour, type",
            columns: &[Kind::Day, Kind::Small, Kind::Text, Kind::Int],
        },
    ];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut counted = Counted::default();
        for recorded in batch {
            counted.take(recorded)?;
        }
        let Counted { messages, reactions, events } = counted;
        if events.is_empty() {
            return Ok(());
        }
        let tx = step.tx().await?;
        let rows = messages.into_iter().flat_map(|((conversation, Hour { day, hour }, sender), sent)| {
            let Sent { messages, last_at } = sent;
            [conversation.into(), day.into(), hour.into(), sender.into(), messages.into(), Value::from(last_at)]
        });
        ADD_MESSAGES.execute(tx, rows.collect()).await?;
        let rows = reactions.into_iter().flat_map(|((conversation, emoji), Given { given, standing })| {
            [conversation.into(), emoji.into(), given.into(), Value::from(standing)]
        });
        ADD_REACTIONS.execute(tx, rows.collect()).await?;
        let rows = events.into_iter().flat_map(|((Hour { day, hour }, kind), events)| {
            [day.into(), hour.into(), kind.into(), Value::from(events)]
        });
        ADD_EVENTS.execute(tx, rows.collect()).await?;
        Ok(())
    }
}

/// An hour of a day, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Hour {
    day: NaiveDate,
    hour: i16,
}

impl Hour {
    fn of(at: Time) -> Self {
        let at = at.to_utc();
        // Below 24.
        Self { day: at.date_naive(), hour: at.hour() as i16 }
    }
}

/// What somebody sent in an hour.
struct Sent {
    messages: u64,
    last_at: Time,
}

/// How often an emoji was given, and by how much the number of those that stand changes.
#[derive(Default)]
struct Given {
    given: i64,
    standing: i64,
}

/// What a batch adds.
#[derive(Default)]
struct Counted {
    messages: BTreeMap<(ConversationId, Hour, AccountId), Sent>,
    reactions: BTreeMap<(ConversationId, String), Given>,
    events: BTreeMap<(Hour, &'static str), u64>,
}

impl Counted {
    fn take(&mut self, recorded: &Recorded) -> Result<(), ApplyFault> {
        let hour = Hour::of(recorded.occurred_at);
        if is_kept_whole(recorded.stream.category()) {
            *self.events.entry((hour, recorded.event.event_type().as_str())).or_default() += 1;
        }
        if let Event::MessageSent(e) = &recorded.event {
            let unfit = ApplyFault::Unfit(recorded.position, "its stream is no conversation's");
            let conversation = recorded.stream.conversation_id().ok_or(unfit)?;
            let fresh = Sent { messages: 0, last_at: recorded.occurred_at };
            let sent = self.messages.entry((conversation, hour, e.sender)).or_insert(fresh);
            sent.messages += 1;
            sent.last_at = sent.last_at.max(recorded.occurred_at);
        }
        if let Event::ReactionAdded(e) = &recorded.event {
            let reactions = self.reactions(recorded, &e.emoji)?;
            reactions.given += 1;
            reactions.standing += 1;
        }
        if let Event::ReactionRemoved(e) = &recorded.event {
            self.reactions(recorded, &e.emoji)?.standing -= 1;
        }
        Ok(())
    }

    fn reactions(&mut self, recorded: &Recorded, emoji: &str) -> Result<&mut Given, ApplyFault> {
        let unfit = ApplyFault::Unfit(recorded.position, "its stream is no message's");
        let message = recorded.stream.message_id().ok_or(unfit)?;
        Ok(self.reactions.entry((message.conversation, emoji.to_owned())).or_default())
    }
}

/// Whether a replay finds every event of such streams again. Others shrink with time, so counts of theirs would differ.
fn is_kept_whole(category: Category) -> bool {
    !category.is_transient() && category != Category::View
}

/// Messages of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// The day, in UTC.
    pub day: NaiveDate,
    /// How many.
    pub count: u64,
    /// By how many people.
    pub senders: u64,
}

/// Messages of one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberCount {
    /// Who; they may have left since.
    pub account: AccountId,
    /// How many.
    pub count: u64,
    /// When the last of them was sent.
    pub last_at: Time,
}

/// Answers how much was said. Judges nobody's membership: that is asked of `messaging`.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// Messages a day from `from` to `to`, both inclusive; days without messages are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn per_day(
        &self,
        conversation: ConversationId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<At<Vec<DayCount>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                "SELECT day, CAST(SUM(messages) AS BIGINT), COUNT(DISTINCT sender) FROM message_counts \
                 WHERE conversation = $1 AND day >= $2 AND day <= $3 GROUP BY day ORDER BY day",
                [conversation.into(), from.into(), to.into()],
            )
            .await?;
        tx.commit().await?;
        let mut value = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = row.columns();
            let (day, count, senders) = (columns.day()?, columns.number()?, columns.number()?);
            value.push(DayCount { day, count, senders });
        }
        Ok(At { position, value })
    }

    /// Messages of each member from `from` to `to`, both inclusive, who sent most first: the first
    /// [`ANALYTICS_MAX_MEMBERS`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn per_member(
        &self,
        conversation: ConversationId,
        from: NaiveDate,
        to: NaiveDate,
    ) -> Result<At<Vec<MemberCount>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let limit = ANALYTICS_MAX_MEMBERS as u64;
        let rows = tx
            .fetch_all(
                "SELECT sender, CAST(SUM(messages) AS BIGINT) AS sent, MAX(last_at) FROM message_counts \
                 WHERE conversation = $1 AND day >= $2 AND day <= $3 GROUP BY sender ORDER BY sent DESC, sender LIMIT $4",
                [conversation.into(), from.into(), to.into(), limit.into()],
            )
            .await?;
        tx.commit().await?;
        let mut value = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = row.columns();
            let (account, count, last_at) = (columns.account()?, columns.number()?, columns.time()?);
            value.push(MemberCount { account, count, last_at });
        }
        Ok(At { position, value })
    }
}

#[cfg(test)]
mod tests;
