//! Questions about stories. Each judges what the asker may see at the snapshot that it answers from.

use crate::database::bulk::Bulk;
use crate::database::row::Row;
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::reader::{Access, At, Opening, ReadFault};
use crate::story::shown::{AuthorStories, FeedPage, FeedPlace, Part, ShelfPage, StoryView, ViewerView, Viewers};
use domain::clock::Time;
use domain::ids::{AccountId, Position, StoryId};
use domain::limits::FEED_STORIES_PER_AUTHOR_MAX;
use std::collections::BTreeMap;

/// Whether `$1` may see the story `s` at `$2`: `StoryPrivacy::admits`, in SQL. Every question about stories asks it.
macro_rules! visible {
    () => {
        "s.expires_at > $2 AND (s.author = $1 OR ((s.privacy = 'public' \
           OR (s.privacy = 'followers' AND EXISTS \
               (SELECT 1 FROM follows f WHERE f.follower = $1 AND f.author = s.author)) \
           OR (s.privacy = 'close_friends' AND EXISTS \
               (SELECT 1 FROM close_friends c WHERE c.owner = s.author AND c.friend = $1))) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.owner = s.author AND b.account = $1) \
         AND NOT EXISTS (SELECT 1 FROM blocks b WHERE b.owner = $1 AND b.account = s.author) \
         AND NOT EXISTS (SELECT 1 FROM story_hides h WHERE h.owner = s.author AND h.account = $1)))"
    };
}

/// Whether `$1` has seen the story `s`.
macro_rules! viewed {
    () => {
        "EXISTS (SELECT 1 FROM views v WHERE v.story = s.story AND v.viewer = $1)"
    };
}

/// Visible stories, with the rest of the question.
macro_rules! stories {
    ($rest:literal) => {
        concat!(
            "SELECT s.story, s.author, s.privacy, s.words, s.posted_at, s.expires_at, s.position, s.revision, s.view_count, \
             CAST(CASE WHEN ",
            viewed!(),
            " THEN 1 ELSE 0 END AS BIGINT) FROM stories s WHERE ",
            visible!(),
            $rest
        )
    };
}

const STORY: &str = stories!(" AND s.story = $3");
const OF_AUTHOR: &str = stories!(" AND s.author = $3 AND s.position < $4 ORDER BY s.position DESC LIMIT $5");

/// The authors of `$1`'s feed: oneself, whom one follows, whose close friend one is, but not whose stories one muted.
const AUTHORS: &str = concat!(
    "WITH circle (author) AS (SELECT $1 UNION SELECT author FROM follows WHERE follower = $1 \
       UNION SELECT owner FROM close_friends WHERE friend = $1) \
     SELECT author, newest, seen FROM (\
       SELECT s.author AS author, MAX(s.position) AS newest, \
         MIN(CAST(CASE WHEN s.author = $1 OR ",
    viewed!(),
    " THEN 1 ELSE 0 END AS BIGINT)) AS seen \
       FROM circle JOIN stories s ON s.author = circle.author WHERE ",
    visible!(),
    " AND NOT EXISTS (SELECT 1 FROM story_mutes m WHERE m.owner = $1 AND m.account = s.author) \
       GROUP BY s.author) found \
     WHERE seen > $3 OR (seen = $3 AND newest < $4) ORDER BY seen, newest DESC LIMIT $5"
);

const VIEWERS: &str = "SELECT viewer, viewed_at, duration_ms, position FROM views \
    WHERE story = $1 AND position < $2 ORDER BY position DESC LIMIT $3";

static VIEW_COUNTS: Bulk = Bulk::new(
    "WITH v (story) AS (",
    1,
    ") SELECT stories.story, stories.view_count FROM v JOIN stories ON stories.story = v.story",
);

/// Answers questions about stories.
#[derive(Clone)]
pub struct Reader(Access);

impl Reader {
    pub(crate) fn new(access: Access) -> Self {
        Self(access)
    }

    /// The story, if `viewer` may see it at `now`.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn story(
        &self,
        viewer: AccountId,
        story: StoryId,
        now: Time,
    ) -> Result<At<Option<StoryView>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx.fetch_all(STORY, [viewer.into(), now.into(), story.into()]).await?;
        tx.commit().await?;
        Ok(At { position, value: self.views(&rows).await?.pop() })
    }

    /// An author's stories that `viewer` may see at `now`, newest first. `before` is the `next` of the page before.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn of_author(
        &self,
        viewer: AccountId,
        author: AccountId,
        now: Time,
        before: Option<Position>,
        limit: usize,
    ) -> Result<At<ShelfPage>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = shelf(&mut tx, viewer, now, author, before, limit).await?;
        tx.commit().await?;
        let stories = self.views(&rows).await?;
        Ok(At { position, value: page(stories, limit) })
    }

    /// What `viewer`'s circle shows at `now`, grouped by author, up to `limit` authors. `after` is the `next` of the
    /// page before.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn feed(
        &self,
        viewer: AccountId,
        now: Time,
        after: Option<FeedPlace>,
        limit: usize,
    ) -> Result<At<FeedPage>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let (seen, newest) =
            after.map_or((-1, i64::MAX), |place| (i64::from(place.is_seen), before(Some(place.newest))));
        let asked: [Value; 5] = [viewer.into(), now.into(), seen.into(), newest.into(), (limit as u64 + 1).into()];
        let found = tx.fetch_all(AUTHORS, asked).await?;
        let (mut rows, mut next) = (Vec::new(), None);
        for row in found.iter().take(limit) {
            let mut columns = row.columns();
            let author = columns.account()?;
            next = Some(FeedPlace { newest: columns.position()?, is_seen: columns.number()? > 0 });
            rows.extend(shelf(&mut tx, viewer, now, author, None, FEED_STORIES_PER_AUTHOR_MAX).await?);
        }
        tx.commit().await?;
        let mut authors: Vec<(AccountId, Vec<StoryView>)> = Vec::new();
        for view in self.views(&rows).await? {
            match authors.last_mut() {
                Some((author, stories)) if *author == view.author => stories.push(view),
                _ => authors.push((view.author, vec![view])),
            }
        }
        let of_one = |(author, stories)| AuthorStories { author, shelf: page(stories, FEED_STORIES_PER_AUTHOR_MAX) };
        let authors = authors.into_iter().map(of_one).collect();
        Ok(At { position, value: FeedPage { authors, next: next.filter(|_| found.len() > limit) } })
    }

    /// Who saw a story, for its author while it can be seen. `before` is the position of the page before's last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewers(
        &self,
        asker: AccountId,
        story: StoryId,
        now: Time,
        earlier_than: Option<Position>,
        limit: usize,
    ) -> Result<At<Viewers>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let found = tx.fetch_optional(STORY, [asker.into(), now.into(), story.into()]).await?;
        let author = found.map(|row| {
            let mut columns = row.columns();
            columns.skip(1);
            columns.account()
        });
        let value = match author.transpose()? {
            None => Viewers::Unknown,
            Some(author) if author != asker => Viewers::NotTheirs,
            Some(_) => {
                let asked: [Value; 3] = [story.into(), before(earlier_than).into(), (limit as u64 + 1).into()];
                let rows = tx.fetch_all(VIEWERS, asked).await?;
                let viewers = rows.iter().take(limit).map(viewer).collect::<Result<_, _>>()?;
                Viewers::Page { viewers, has_more: rows.len() > limit }
            }
        };
        tx.commit().await?;
        Ok(At { position, value })
    }

    /// How many have seen each of these stories; those that ended are not among them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn view_counts(&self, stories: &[StoryId]) -> Result<At<BTreeMap<StoryId, u64>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = VIEW_COUNTS.fetch(&mut tx, stories.iter().copied().map(Value::from).collect()).await?;
        tx.commit().await?;
        let mut value = BTreeMap::new();
        for row in &rows {
            let mut columns = row.columns();
            value.insert(columns.story()?, columns.number()?);
        }
        Ok(At { position, value })
    }

    /// How many rows of views there are, whatever became of their stories.
    #[cfg(test)]
    pub(crate) async fn view_rows(&self) -> usize {
        let (mut tx, _) = self.0.snapshot().await.unwrap();
        let rows = tx.fetch_all("SELECT viewer FROM views", []).await.unwrap().len();
        tx.commit().await.unwrap();
        rows
    }

    async fn views(&self, rows: &[Row]) -> Result<Vec<StoryView>, ReadFault> {
        let mut opening = Opening::default();
        let parts = rows.iter().map(|row| Part::read(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
        let opened = opening.open(&*self.0.words).await?;
        Ok(parts.into_iter().map(|part| part.view(&opened)).collect::<Result<_, _>>()?)
    }
}

fn before(position: Option<Position>) -> i64 {
    position.map_or(i64::MAX, |position| i64::try_from(position.0).unwrap_or(i64::MAX))
}

/// One row more than `limit`, if there is one.
async fn shelf(
    tx: &mut Tx,
    viewer: AccountId,
    now: Time,
    author: AccountId,
    earlier_than: Option<Position>,
    limit: usize,
) -> Result<Vec<Row>, sqlx::Error> {
    let place = before(earlier_than);
    let asked: [Value; 5] = [viewer.into(), now.into(), author.into(), place.into(), (limit as u64 + 1).into()];
    tx.fetch_all(OF_AUTHOR, asked).await
}

fn page(mut stories: Vec<StoryView>, limit: usize) -> ShelfPage {
    let has_more = stories.len() > limit;
    stories.truncate(limit);
    let next = stories.last().filter(|_| has_more).map(|last| last.position);
    ShelfPage { stories, next }
}

fn viewer(row: &Row) -> Result<ViewerView, ReadFault> {
    let mut columns = row.columns();
    let (viewer, viewed_at) = (columns.account()?, columns.time()?);
    let (duration_ms, position) = (columns.maybe_number()?, columns.position()?);
    Ok(ViewerView { viewer, viewed_at, duration_ms, position })
}
