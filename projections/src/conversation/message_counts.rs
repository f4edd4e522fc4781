//! Messages by conversation and day (UTC): the first table for analysts.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::reader::{Access, At, ReadFault};
use crate::state_hash::{Kind, Table};
use chrono::NaiveDate;
use domain::event::Event;
use domain::ids::ConversationId;
use domain::recorded::Recorded;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct MessageCounts;

static ADD: Bulk = Bulk::new(
    "INSERT INTO message_counts (conversation, day, messages)",
    3,
    "ON CONFLICT (conversation, day) DO UPDATE SET messages = message_counts.messages + excluded.messages",
);

impl Projection for MessageCounts {
    const NAME: &'static str = projection::MESSAGE_COUNTS;
    const VERSION: u32 = 1;
    const CHANGES: &'static [Change] = &[migrations::MESSAGE_COUNTS];
    const TABLES: &'static [Table] = &[Table {
        name: "message_counts",
        select: "SELECT conversation, day, messages FROM message_counts ORDER BY conversation, day",
        columns: &[Kind::Uuid, Kind::Day, Kind::Int],
    }];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut counts: BTreeMap<(ConversationId, NaiveDate), u64> = BTreeMap::new();
        for recorded in batch {
            if let Event::MessageSent(_) = &recorded.event {
                let unfit = ApplyFault::Unfit(recorded.position, "its stream is no conversation's");
                let conversation = recorded.stream.conversation_id().ok_or(unfit)?;
                let day = recorded.occurred_at.to_utc().date_naive();
                *counts.entry((conversation, day)).or_default() += 1;
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let rows = counts
            .into_iter()
            .flat_map(|((conversation, day), messages)| [conversation.into(), day.into(), Value::from(messages)]);
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
