//! Messages by conversation, day (UTC) and sender: the first table for analysts.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::reader::{Access, At, ReadFault};
use crate::state_hash::{Kind, Table};
use chrono::NaiveDate;
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::recorded::Recorded;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct MessageCounts;

static ADD: Bulk = Bulk::new(
    "INSERT INTO message_counts (conversation, day, sender, messages)",
    4,
    "ON CONFLICT (conversation, day, sender) DO UPDATE SET messages = message_counts.messages + excluded.messages",
);

impl Projection for MessageCounts {
    const NAME: &'static str = projection::MESSAGE_COUNTS;
    const VERSION: u32 = 1;
    const CHANGES: &'static [Change] = &[migrations::MESSAGE_COUNTS];
    const TABLES: &'static [Table] = &[Table {
        name: "message_counts",
        select: "SELECT conversation, day, sender, messages FROM message_counts ORDER BY conversation, day, sender",
        columns: &[Kind::Uuid, Kind::Day, Kind::Uuid, Kind::Int],
    }];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut counts: BTreeMap<(ConversationId, NaiveDate, AccountId), u64> = BTreeMap::new();
        for recorded in batch {
            if let Event::MessageSent(e) = &recorded.event {
                let unfit = ApplyFault::Unfit(recorded.position, "its stream is no conversation's");
                let conversation = recorded.stream.conversation_id().ok_or(unfit)?;
                let day = recorded.occurred_at.to_utc().date_naive();
                *counts.entry((conversation, day, e.sender)).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let rows = counts.into_iter().flat_map(|((conversation, day, sender), messages)| {
            [conversation.into(), day.into(), sender.into(), Value::from(messages)]
        });
        ADD.execute(step.tx().await?, rows.collect()).await?;
        Ok(())
    }
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

/// Answers how much was said.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// Messages a day from `from` to `to`, both inclusive; days without messages are left out. Judges nobody's
    /// membership: that is asked of `messaging`.
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
                "SELECT day, CAST(SUM(messages) AS BIGINT), COUNT(*) FROM message_counts \
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::script::{Script, conversation, time_of};
    use crate::testing::world::{Place, World};

    #[tokio::test]
    async fn messages_are_counted_by_day() {
        for place in Place::all("counts") {
            let mut script = Script::default();
            script.group(1, &[1, 2, 3]);
            let first = script.sends(1, 1, "today", None);
            script.sends(1, 2, "today, too", None);
            script.sends(1, 2, "and again", None);
            while time_of(script.events.len() as u64).to_utc().date_naive() == time_of(first.0).to_utc().date_naive() {
                script.reads(1, 1, 2);
            }
            let last = script.sends(1, 2, "tomorrow", None);
            let world = World::caught_up(&place, &script.events, 500).await;
            let (from, to) = (time_of(first.0).to_utc().date_naive(), time_of(last.0).to_utc().date_naive());
            let reader = world.projections.message_counts();
            let counted = reader.per_day(conversation(1), from, to).await.unwrap().value;
            let expected = [DayCount { day: from, count: 3, senders: 2 }, DayCount { day: to, count: 1, senders: 1 }];
            assert_eq!(counted, expected);
            assert_eq!(reader.per_day(conversation(2), from, to).await.unwrap().value, []);
            world.stop().await;
            place.clean().await;
        }
    }
}
