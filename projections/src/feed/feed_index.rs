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
use domain::story::values::{StoryPrivacy, Ties};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// The projection.
#[derive(Debug)]
pub struct FeedIndex;

static INSERT: Bulk = Bulk::new("INSERT INTO entries (kind, topic, position)", 3, "");
static PUT_STORIES: Bulk = Bulk::new(
    "INSERT INTO story_authors (story, author, privacy)",
    3,
    "ON CONFLICT (story) DO UPDATE SET privacy = excluded.privacy",
);
static STORIES: Bulk = Bulk::new(
    "WITH v (story) AS (",
    1,
    ") SELECT story_authors.story, story_authors.author, story_authors.privacy \
     FROM v JOIN story_authors ON story_authors.story = v.story",
);

impl Projection for FeedIndex {
    const NAME: &'static str = projection::FEED_INDEX;
    const VERSION: u32 = 4;
    const CHANGES: &'static [Change] = &[migrations::FEED_INDEX, migrations::STORY_AUDIENCE];
    // Views may vanish from the log, so they are not here.
    const TABLES: &'static [Table] = &[
        Table {
            name: "entries",
            select: "SELECT kind, topic, position FROM entries WHERE kind <> 6 ORDER BY kind, topic, position",
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
            select: "SELECT story, author, privacy FROM story_authors ORDER BY story",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Text],
        },
    ];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut changes = Changes::begin(batch, step).await?;
        let mut entries: Vec<(i16, Uuid, Position)> = Vec::with_capacity(batch.len());
        let mut of_stories: Vec<(StoryId, &Recorded)> = Vec::new();
        for recorded in batch {
            let at = recorded.position;
            changes.take(recorded)?;
            match belongs(recorded) {
                Belongs::To(topic) => entries.push(entry(topic, at)),
                Belongs::ToAudienceOf(story) => of_stories.push((story, recorded)),
                Belongs::Nowhere => {}
                Belongs::Unfit => return Err(ApplyFault::Unfit(at, "it stands in a stream of another category")),
            }
        }
        if changes.is_empty() && entries.is_empty() && of_stories.is_empty() {
            return Ok(());
        }
        let tx = step.tx().await?;
        resolve(tx, &of_stories, &mut entries).await?;
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

/// The entries of what happens to stories, by who may see each at that moment, and what is remembered of that.
async fn resolve(
    tx: &mut Tx,
    events: &[(StoryId, &Recorded)],
    entries: &mut Vec<(i16, Uuid, Position)>,
) -> Result<(), ApplyFault> {
    let mut known: BTreeMap<StoryId, (AccountId, StoryPrivacy)> = BTreeMap::new();
    for row in STORIES.fetch(tx, events.iter().map(|(story, _)| (*story).into()).collect()).await? {
        let mut columns = row.columns();
        known.insert(columns.story()?, (columns.account()?, columns.parsed(StoryPrivacy::parse)?));
    }
    let mut changed: BTreeSet<StoryId> = BTreeSet::new();
    for (story, recorded) in events {
        let at = recorded.position;
        if let Event::StoryPosted(e) = &recorded.event {
            known.insert(*story, (e.author, e.privacy));
            changed.insert(*story);
        }
        let (author, privacy) = known.get_mut(story).ok_or(ApplyFault::Unfit(at, "its story was never posted"))?;
        // Who loses sight of it is told so, too.
        let previous = *privacy;
        if let Event::StoryPrivacyChanged(e) = &recorded.event {
            *privacy = e.privacy;
            changed.insert(*story);
        }
        let reaches = |ties| privacy.reaches(ties) || previous.reaches(ties);
        let is_for_followers = reaches(Ties { follows: true, ..Ties::default() });
        let is_for_friends = reaches(Ties { is_close_friend: true, ..Ties::default() });
        entries.push(entry(Topic::Author(*author), at));
        entries.extend(is_for_followers.then(|| entry(Topic::Followers(*author), at)));
        entries.extend(is_for_friends.then(|| entry(Topic::CloseFriends(*author), at)));
    }
    let rows = changed.iter().filter_map(|story| known.get(story).map(|known| (*story, *known)));
    let rows = rows.flat_map(|(story, (author, privacy))| [story.into(), author.into(), privacy.as_str().into()]);
    PUT_STORIES.execute(tx, rows.collect()).await?;
    Ok(())
}

/// An event that a feed has missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missed {
    /// Where it stands in the log.
    pub position: Position,
    /// What the account was to a story's author at that moment; nothing, where the event is of no story.
    pub ties: Ties,
}

/// Around the entries that an account sees: `$1` the account, `$2` after, `$3` up to, `$5` everyone's topic. The lower bound
/// is one expression, so that the walk over the entries begins where it can. What an author hides at that moment (kind 8)
/// is not seen through what the two are to each other (4 and 5). A position may come more than once: whoever asks groups.
macro_rules! seen {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "SELECT e.position AS position, e.kind AS kind, e.topic AS topic FROM intervals i JOIN entries e \
               ON e.kind = i.kind AND e.topic = i.topic \
               AND e.position > CASE WHEN i.from_position > $2 THEN i.from_position - 1 ELSE $2 END \
               AND e.position <= CASE WHEN i.to_position < $3 THEN i.to_position ELSE $3 END \
               WHERE i.account = $1 AND i.from_position <= $3 AND (i.to_position IS NULL OR i.to_position > $2) \
               AND (i.kind NOT IN (4, 5) OR NOT EXISTS (SELECT 1 FROM intervals h WHERE h.account = i.account \
                 AND h.kind = 8 AND h.topic = i.topic AND h.from_position < e.position \
                 AND (h.to_position IS NULL OR h.to_position > e.position))) \
             UNION ALL \
             SELECT e.position, e.kind, e.topic FROM entries e \
               WHERE e.kind IN (2, 3, 6) AND e.topic = $1 AND e.position > $2 AND e.position <= $3 \
             UNION ALL \
             SELECT e.position, e.kind, e.topic FROM entries e \
               WHERE e.kind = 7 AND e.topic = $5 AND e.position > $2 AND e.position <= $3",
            $after
        )
    };
}

// A story's event is seen through up to three topics of its author's, of the kinds 3, 4 and 5; any other through one.
const MISSED: &str =
    seen!("SELECT position, MIN(kind), MAX(kind) FROM (", ") seen GROUP BY position ORDER BY position LIMIT $4");
const COUNT: &str = seen!("SELECT COUNT(*) FROM (SELECT DISTINCT position FROM (", ") seen LIMIT $4) counted");

fn asked(account: AccountId, after: Position, up_to: Position, limit: usize) -> [Value; 5] {
    let [_, everyone] = Topic::Everyone.values();
    [account.into(), after.into(), up_to.into(), (limit as u64).into(), everyone]
}

/// Answers what feeds have missed.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// The topics that the account sees as of the answer's position, its own included, and whom it blocks; but not those of
    /// authors who count it as a close friend or hide from it, because they have no limit.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn topics_of(&self, account: AccountId) -> Result<At<Vec<Topic>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                "SELECT DISTINCT kind, topic FROM intervals WHERE account = $1 AND to_position IS NULL \
                 AND kind NOT IN (5, 8) \
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

    /// Whom the account blocks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn blocked_by(&self, account: AccountId) -> Result<At<BTreeSet<AccountId>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let blocked = "SELECT DISTINCT topic FROM intervals WHERE account = $1 AND kind = 9 AND to_position IS NULL";
        let rows = tx.fetch_all(blocked, [account.into()]).await?;
        tx.commit().await?;
        let value = rows.iter().map(|row| row.columns().account()).collect::<Result<_, _>>()?;
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
        let rows = tx.fetch_all(MISSED, asked(account, after, up_to, limit)).await?;
        tx.commit().await?;
        let mut value = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut columns = row.columns();
            let (position, least, most) = (columns.position()?, columns.take::<i16>()?, columns.take::<i16>()?);
            let ties =
                Ties { is_author: least == 3, follows: least == 4, is_close_friend: most == 5, ..Ties::default() };
            value.push(Missed { position, ties });
        }
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
        let row = tx.fetch_optional(COUNT, asked(account, after, up_to, at_most)).await?;
        tx.commit().await?;
        let count = row.map(|row| row.columns().number()).transpose()?.unwrap_or(0);
        Ok(At { position, value: usize::try_from(count).unwrap_or(usize::MAX) })
    }
}
