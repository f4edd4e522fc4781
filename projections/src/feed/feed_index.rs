//! The index that a feed resumes from: which events a topic consists of, and who sees which topic from where to where.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::feed::intervals::Changes;
use crate::feed::topic::{Belongs, Topic, belongs};
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::reader::{Access, At, ReadFault};
use crate::state_hash::{Kind, Table};
use domain::event::Event;
use domain::ids::{AccountId, Position, StoryId};
use domain::recorded::Recorded;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The projection.
#[derive(Debug)]
pub struct FeedIndex;

static INSERT: Bulk = Bulk::new("INSERT INTO entries (kind, topic, position)", 3, "");
static INSERT_AUTHORS: Bulk = Bulk::new("INSERT INTO story_authors (story, author)", 2, "");
static AUTHORS: Bulk = Bulk::new(
    "WITH v (story) AS (",
    1,
    ") SELECT story_authors.story, story_authors.author FROM v JOIN story_authors ON story_authors.story = v.story",
);

impl Projection for FeedIndex {
    const NAME: &'static str = projection::FEED_INDEX;
    const VERSION: u32 = 1;
    const CHANGES: &'static [Change] = &[migrations::FEED_INDEX];
    const TABLES: &'static [Table] = &[
        Table {
            name: "entries",
            select: "SELECT kind, topic, position FROM entries ORDER BY kind, topic, position",
            columns: &[Kind::Small, Kind::Uuid, Kind::Int],
        },
        Table {
            name: "intervals",
            select: "SELECT account, kind, topic, from_position, to_position FROM intervals \
                     ORDER BY account, kind, topic, from_position",
            columns: &[Kind::Uuid, Kind::Small, Kind::Uuid, Kind::Int, Kind::Int],
        },
        Table {
            name: "story_authors",
            select: "SELECT story, author FROM story_authors ORDER BY story",
            columns: &[Kind::Uuid, Kind::Uuid],
        },
    ];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut changes = Changes::begin(batch, step).await?;
        let mut posted: BTreeMap<StoryId, AccountId> = BTreeMap::new();
        let mut entries: Vec<(i16, Uuid, Position)> = Vec::with_capacity(batch.len());
        let mut of_authors: Vec<(StoryId, Position)> = Vec::new();
        for recorded in batch {
            let at = recorded.position;
            changes.take(recorded)?;
            if let Event::StoryPosted(e) = &recorded.event {
                posted.insert(e.story, e.author);
            }
            match belongs(recorded) {
                Belongs::To(topic) => entries.push(entry(topic, at)),
                Belongs::ToAuthorOf(story) => of_authors.push((story, at)),
                Belongs::Nowhere => {}
                Belongs::Unfit => return Err(ApplyFault::Unfit(at, "it stands in a stream of another category")),
            }
        }
        if changes.is_empty() && entries.is_empty() && of_authors.is_empty() {
            return Ok(());
        }
        let tx = step.tx().await?;
        let new: Vec<Value> = posted.iter().flat_map(|(story, author)| [(*story).into(), (*author).into()]).collect();
        INSERT_AUTHORS.execute(tx, new).await?;
        entries.extend(resolve(tx, &of_authors).await?);
        // In the order of the key: neighbours are written to the same page.
        entries.sort_unstable();
        let rows = entries.into_iter().flat_map(|(kind, topic, at)| [kind.into(), topic.into(), at.into()]);
        INSERT.execute(tx, rows.collect()).await?;
        changes.write(tx, batch.last().map_or(Position::START, |last| last.position)).await
    }
}

fn entry(topic: Topic, at: Position) -> (i16, Uuid, Position) {
    let (kind, id) = topic.key();
    (kind, id, at)
}

/// The entries of events that name a story only.
async fn resolve(tx: &mut Tx, events: &[(StoryId, Position)]) -> Result<Vec<(i16, Uuid, Position)>, ApplyFault> {
    let asked = events.iter().map(|(story, _)| (*story).into()).collect();
    let mut authors = BTreeMap::new();
    for row in AUTHORS.fetch(tx, asked).await? {
        let mut columns = row.columns();
        authors.insert(columns.story()?, columns.account()?);
    }
    let entries = events.iter().map(|(story, at)| {
        let author = authors.get(story).ok_or(ApplyFault::Unfit(*at, "its story was never posted"))?;
        Ok(entry(Topic::Author(*author), *at))
    });
    entries.collect()
}

/// An event that a feed has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where it stands in the log.
    pub position: Position,
    /// Through which topic it is seen.
    pub topic: Topic,
}

/// Around the entries that an account sees: `$1` the account, `$2` after, `$3` up to. The lower bound is one expression,
/// so that the walk over the entries begins where it can.
macro_rules! seen {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "SELECT e.position AS position, e.kind AS kind, e.topic AS topic FROM intervals i JOIN entries e \
               ON e.kind = i.kind AND e.topic = i.topic \
               AND e.position > CASE WHEN i.from_position > $2 THEN i.from_position - 1 ELSE $2 END \
               AND e.position <= CASE WHEN i.to_position < $3 THEN i.to_position ELSE $3 END \
               WHERE i.account = $1 AND i.from_position <= $3 AND (i.to_position IS NULL OR i.to_position > $2) \
             UNION \
             SELECT e.position, e.kind, e.topic FROM entries e \
               WHERE e.kind IN (2, 3) AND e.topic = $1 AND e.position > $2 AND e.position <= $3",
            $after
        )
    };
}

const MISSED: &str = seen!("SELECT position, kind, topic FROM (", ") seen ORDER BY position LIMIT $4");
const COUNT: &str = seen!("SELECT COUNT(*) FROM (SELECT DISTINCT position FROM (", ") seen LIMIT $4) counted");

/// Answers what feeds have missed.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// The topics that the account sees as of the answer's position, its own included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn topics_of(&self, account: AccountId) -> Result<At<Vec<Topic>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                "SELECT DISTINCT kind, topic FROM intervals WHERE account = $1 AND to_position IS NULL \
                 ORDER BY kind, topic",
                [account.into()],
            )
            .await?;
        tx.commit().await?;
        let mut value = vec![Topic::Account(account), Topic::Author(account)];
        for row in &rows {
            value.push(Topic::read(&mut row.columns())?);
        }
        Ok(At { position, value })
    }

    /// Up to `limit` events that the account saw happen after `after` and up to `up_to`, in log order, each once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missed(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        limit: usize,
    ) -> Result<At<Vec<Missed>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx.fetch_all(MISSED, [account.into(), after.into(), up_to.into(), (limit as u64).into()]).await?;
        tx.commit().await?;
        let mut value = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = row.columns();
            value.push(Missed { position: columns.position()?, topic: Topic::read(&mut columns)? });
        }
        value.dedup_by_key(|missed| missed.position);
        Ok(At { position, value })
    }

    /// How many events [`Reader::missed`] has in store, counted up to `at_most`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn missed_count(
        &self,
        account: AccountId,
        after: Position,
        up_to: Position,
        at_most: usize,
    ) -> Result<At<usize>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let row =
            tx.fetch_optional(COUNT, [account.into(), after.into(), up_to.into(), (at_most as u64).into()]).await?;
        tx.commit().await?;
        let count = row.map(|row| row.columns().number()).transpose()?.unwrap_or(0);
        Ok(At { position, value: usize::try_from(count).unwrap_or(usize::MAX) })
    }
}
