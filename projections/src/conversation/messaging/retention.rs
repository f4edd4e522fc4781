//! For how long messages are kept, which are over age, and which are gone.

use crate::database::bulk::Bulk;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::reader::ReadFault;
use crate::state_hash::{Kind, Table};
use domain::clock::Time;
use domain::ids::{AccountId, ConversationId};
use domain::limits::{PURGE_MAX_MESSAGES, PURGE_MAX_PERIODS};
use std::collections::{BTreeMap, BTreeSet};

const DAY_SECONDS: i64 = 24 * 60 * 60;

static PUT_DAYS: Bulk = Bulk::new(
    "INSERT INTO retentions (conversation, days, purged_seq)",
    3,
    "ON CONFLICT (conversation) DO UPDATE SET days = excluded.days",
);

static PUT_PURGED: Bulk = Bulk::new(
    "INSERT INTO retentions (conversation, days, purged_seq)",
    3,
    "ON CONFLICT (conversation) DO UPDATE SET purged_seq = excluded.purged_seq",
);

/// Everything that is about a message or is one, up to `$2`. One statement for each conversation: there are few purges in
/// a batch, and each begins at the index's first row of its conversation.
const DELETE: [&str; 5] = [
    "DELETE FROM timeline WHERE conversation = $1 AND seq <= $2",
    "DELETE FROM versions WHERE conversation = $1 AND seq <= $2",
    "DELETE FROM reactions WHERE conversation = $1 AND seq <= $2",
    "DELETE FROM pins WHERE conversation = $1 AND seq <= $2",
    "DELETE FROM notifications WHERE conversation = $1 AND seq <= $2",
];

const LENGTHS: &str = "SELECT DISTINCT days FROM retentions WHERE days IS NOT NULL ORDER BY days";

/// Conversations that keep messages for `$1` days and whose first message that is left was sent at `$2` or before.
const OVER_AGE: &str = "SELECT r.conversation FROM retentions r \
    JOIN timeline t ON t.conversation = r.conversation AND t.seq = r.purged_seq + 1 \
    WHERE r.days = $1 AND t.sent_at <= $2 LIMIT $3";

const OLDEST: &str = "SELECT seq, sent_at, period FROM timeline WHERE conversation = $1 ORDER BY seq LIMIT $2";

const DAYS: &str = "SELECT days FROM retentions WHERE conversation = $1";

pub(super) const RETENTIONS: Table = Table {
    name: "retentions",
    select: "SELECT conversation, days, purged_seq FROM retentions ORDER BY conversation",
    columns: &[Kind::Uuid, Kind::Int, Kind::Int],
};

/// What a batch changes of it.
#[derive(Default)]
pub(super) struct Retentions {
    /// None for as long as the conversation.
    pub(super) days: BTreeMap<ConversationId, Option<u32>>,
    /// The last message that is gone.
    pub(super) purged: BTreeMap<ConversationId, u64>,
}

impl Retentions {
    /// Writes it, after everything else of the batch: what happened to messages before they went goes with them.
    pub(super) async fn write(self, tx: &mut Tx) -> Result<(), sqlx::Error> {
        let days =
            self.days.into_iter().flat_map(|(id, days)| [id.into(), days.map(u64::from).into(), Value::from(0_u64)]);
        PUT_DAYS.execute(tx, days.collect()).await?;
        let nobody = None::<u64>;
        let purged = self.purged.iter().flat_map(|(id, seq)| [(*id).into(), nobody.into(), Value::from(*seq)]);
        PUT_PURGED.execute(tx, purged.collect()).await?;
        for (id, seq) in self.purged {
            for delete in DELETE {
                tx.execute(delete, [id.into(), seq.into()]).await?;
            }
        }
        Ok(())
    }
}

/// The oldest messages of a conversation, all over age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverAge {
    /// Of which.
    pub conversation: ConversationId,
    /// The last of them.
    pub through_seq: u64,
    /// The periods that they are in.
    pub periods: Vec<u32>,
}

/// The messages that are over age at `now`, of up to `limit` conversations.
pub(super) async fn over_age(tx: &mut Tx, now: Time, limit: usize) -> Result<Vec<OverAge>, ReadFault> {
    let mut found = Vec::new();
    for row in tx.fetch_all(LENGTHS, []).await? {
        let days = row.columns().number()?;
        let until = now.plus_seconds(-DAY_SECONDS.saturating_mul(i64::try_from(days).unwrap_or(i64::MAX)));
        let left = (limit - found.len()) as u64;
        let rows = tx.fetch_all(OVER_AGE, [days.into(), until.into(), left.into()]).await?;
        for row in rows {
            found.extend(oldest(tx, row.columns().conversation()?, until).await?);
        }
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// The first messages of a conversation up to the first that is not over age, as many as one purge takes.
async fn oldest(tx: &mut Tx, conversation: ConversationId, until: Time) -> Result<Option<OverAge>, ReadFault> {
    let rows = tx.fetch_all(OLDEST, [conversation.into(), (PURGE_MAX_MESSAGES as u64).into()]).await?;
    let (mut through_seq, mut periods) = (None, BTreeSet::new());
    for row in &rows {
        let mut columns = row.columns();
        let (seq, sent_at, period) = (columns.number()?, columns.time()?, columns.maybe_number()?);
        let period = period.and_then(|period| u32::try_from(period).ok());
        let is_one_more = period.is_some_and(|period| !periods.contains(&period));
        if sent_at > until || (is_one_more && periods.len() >= PURGE_MAX_PERIODS) {
            break;
        }
        through_seq = Some(seq);
        periods.extend(period);
    }
    let periods = periods.into_iter().collect();
    Ok(through_seq.map(|through_seq| OverAge { conversation, through_seq, periods }))
}

/// For how many days a conversation keeps messages; none for whoever is not in it.
pub(super) async fn days_for_member(
    tx: &mut Tx,
    viewer: AccountId,
    conversation: ConversationId,
) -> Result<Option<Option<u32>>, ReadFault> {
    let sql = "SELECT 1 FROM memberships WHERE account = $1 AND conversation = $2 AND left_position IS NULL";
    let is_inside = tx.fetch_optional(sql, [viewer.into(), conversation.into()]).await?.is_some();
    if is_inside { Ok(Some(days(tx, conversation).await?)) } else { Ok(None) }
}

/// For how many days a conversation keeps messages, whoever asks; none when there is no such conversation.
pub(super) async fn days_of_any(tx: &mut Tx, conversation: ConversationId) -> Result<Option<Option<u32>>, ReadFault> {
    let sql = "SELECT 1 FROM conversations WHERE conversation = $1";
    let exists = tx.fetch_optional(sql, [conversation.into()]).await?.is_some();
    if exists { Ok(Some(days(tx, conversation).await?)) } else { Ok(None) }
}

async fn days(tx: &mut Tx, conversation: ConversationId) -> Result<Option<u32>, ReadFault> {
    let row = tx.fetch_optional(DAYS, [conversation.into()]).await?;
    let days = row.map(|row| row.columns().maybe_number()).transpose()?.flatten();
    Ok(days.and_then(|days| u32::try_from(days).ok()))
}

#[cfg(test)]
mod tests;
