//! Stories on the shelf. Who may see one, and until when, is judged when it is read.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::row::{DatabaseFault, Row};
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step, sealed};
use crate::reader::{Access, At, Opened, Opening, ReadFault, Slot};
use crate::state_hash::{Kind, Table};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, Position, StoryId};
use domain::limits::PAGE_MAX_ROWS;
use domain::proto::story::v1::StoryWords;
use domain::recorded::Recorded;
use domain::story::event::StoryPosted;
use domain::story::values::StoryPrivacy;
use domain::words::{Content, WordsFault};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct Stories;

static INSERT: Bulk =
    Bulk::new("INSERT INTO stories (story, author, privacy, words, posted_at, expires_at, position)", 7, "");
static DELETE: Bulk =
    Bulk::new("WITH v (story) AS (", 1, ") DELETE FROM stories WHERE story IN (SELECT v.story FROM v)");

/// What a batch does to stories: those that stay posted, and those that were posted before it and end in it.
pub(crate) struct Shelf<'a> {
    pub(crate) posted: BTreeMap<StoryId, (&'a Recorded, &'a StoryPosted)>,
    pub(crate) expired: BTreeSet<StoryId>,
}

/// Folds a batch; a story that is posted and ends in it leaves nothing.
pub(crate) fn fold(batch: &[Arc<Recorded>]) -> Result<Shelf<'_>, ApplyFault> {
    let mut shelf = Shelf { posted: BTreeMap::new(), expired: BTreeSet::new() };
    for recorded in batch {
        match &recorded.event {
            Event::StoryPosted(e) => {
                shelf.posted.insert(e.story, (recorded, e));
            }
            Event::StoryExpired(_) => {
                let unfit = ApplyFault::Unfit(recorded.position, "its stream is no story's");
                let story = recorded.stream.story_id().ok_or(unfit)?;
                if shelf.posted.remove(&story).is_none() {
                    shelf.expired.insert(story);
                }
            }
            Event::AccountRegistered(_)
            | Event::ConversationChanged(_)
            | Event::ConversationClosed(_)
            | Event::ConversationCreated(_)
            | Event::DeviceKeyPublished(_)
            | Event::DeviceKeyRemoved(_)
            | Event::AdminsChanged(_)
            | Event::ContentAccessed(_)
            | Event::ImportAdvanced(_)
            | Event::JobEnded(_)
            | Event::JobStarted(_)
            | Event::KeyDestroyed(_)
            | Event::MemberJoined(_)
            | Event::MemberLeft(_)
            | Event::MemberRoleChanged(_)
            | Event::MembershipChanged(_)
            | Event::MessageDeleted(_)
            | Event::MessageEdited(_)
            | Event::MessagePinned(_)
            | Event::MessageSent(_)
            | Event::MessageUnpinned(_)
            | Event::PasswordChanged(_)
            | Event::ReactionAdded(_)
            | Event::ReactionRemoved(_)
            | Event::ReadMoved(_)
            | Event::RoleGranted(_)
            | Event::SessionOpened(_)
            | Event::SettingsChanged(_)
            | Event::UsernameReserved(_) => {}
        }
    }
    Ok(shelf)
}

impl Projection for Stories {
    const NAME: &'static str = projection::STORIES;
    const VERSION: u32 = 1;
    const CHANGES: &'static [Change] = &[migrations::STORIES];
    const TABLES: &'static [Table] = &[Table {
        name: "stories",
        select: "SELECT story, author, privacy, words, posted_at, expires_at, position FROM stories ORDER BY story",
        columns: &[Kind::Uuid, Kind::Uuid, Kind::Text, Kind::Bytes, Kind::Time, Kind::Time, Kind::Int],
    }];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let Shelf { posted, expired } = fold(batch)?;
        if posted.is_empty() && expired.is_empty() {
            return Ok(());
        }
        let mut new: Vec<Value> = Vec::with_capacity(posted.len() * 7);
        for (recorded, e) in posted.into_values() {
            new.extend([
                e.story.into(),
                e.author.into(),
                e.privacy.as_str().into(),
                sealed(&e.words, recorded.position)?.into(),
                recorded.occurred_at.into(),
                e.expires_at.into(),
                recorded.position.into(),
            ]);
        }
        let tx = step.tx().await?;
        INSERT.execute(tx, new).await?;
        DELETE.execute(tx, expired.into_iter().map(Value::from).collect()).await?;
        Ok(())
    }
}

/// A story that its viewer may see now.
#[derive(Clone, Debug, PartialEq)]
pub struct StoryView {
    /// Which.
    pub id: StoryId,
    /// By whom.
    pub author: AccountId,
    /// Who may see it.
    pub privacy: StoryPrivacy,
    /// Its words; erased with the author's or the story's key.
    pub words: Content<StoryText>,
    /// When it was posted.
    pub posted_at: Time,
    /// From when on nobody sees it.
    pub expires_at: Time,
    /// Where it stands in the log.
    pub position: Position,
}

/// A story's words.
#[derive(Clone, PartialEq, Eq)]
pub struct StoryText {
    /// The text.
    pub text: String,
    /// What stands beside it.
    pub caption: Option<String>,
}

/// Words are never shown by accident.
impl std::fmt::Debug for StoryText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoryText({} bytes)", self.text.len())
    }
}

/// One author's stories in a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorStories {
    /// Whose.
    pub author: AccountId,
    /// Newest first, at most [`PAGE_MAX_ROWS`].
    pub stories: Vec<StoryView>,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    /// Whose newest story is newest first.
    pub authors: Vec<AuthorStories>,
    /// Where the next page starts; none at the end.
    pub next: Option<Position>,
}

/// Columns of a view; `$1` is the viewer, `$2` now. Followers and close friends see nothing yet: there are none.
macro_rules! visible {
    ($rest:literal) => {
        concat!(
            "SELECT story, author, privacy, words, posted_at, expires_at, position FROM stories ",
            "WHERE expires_at > $2 AND (privacy = 'public' OR author = $1) ",
            $rest
        )
    };
}

const AUTHORS: &str = "SELECT author, MAX(position) FROM stories \
    WHERE expires_at > $2 AND (privacy = 'public' OR author = $1) \
    GROUP BY author HAVING MAX(position) < $3 ORDER BY MAX(position) DESC LIMIT $4";

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
        let rows = tx.fetch_all(visible!("AND story = $3"), [viewer.into(), now.into(), story.into()]).await?;
        tx.commit().await?;
        Ok(At { position, value: self.views(&rows).await?.pop() })
    }

    /// An author's stories that `viewer` may see at `now`, newest first.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn of_author(
        &self,
        viewer: AccountId,
        author: AccountId,
        now: Time,
        limit: usize,
    ) -> Result<At<Vec<StoryView>>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let rows = tx
            .fetch_all(
                visible!("AND author = $3 ORDER BY position DESC LIMIT $4"),
                [viewer.into(), now.into(), author.into(), (limit as u64).into()],
            )
            .await?;
        tx.commit().await?;
        Ok(At { position, value: self.views(&rows).await? })
    }

    /// Everything that `viewer` may see at `now`, grouped by author, up to `limit` authors. `after` is the `next` of
    /// the page before.
    ///
    /// # Errors
    /// When the database or the keys store fails.
    pub async fn feed(
        &self,
        viewer: AccountId,
        now: Time,
        after: Option<Position>,
        limit: usize,
    ) -> Result<At<FeedPage>, ReadFault> {
        let (mut tx, position) = self.0.snapshot().await?;
        let before = after.map_or(i64::MAX, |position| i64::try_from(position.0).unwrap_or(i64::MAX));
        let found =
            tx.fetch_all(AUTHORS, [viewer.into(), now.into(), before.into(), (limit as u64 + 1).into()]).await?;
        let mut rows = Vec::new();
        let mut next = None;
        for row in found.iter().take(limit) {
            let mut columns = row.columns();
            let author = columns.account()?;
            next = Some(columns.position()?);
            rows.extend(
                tx.fetch_all(
                    visible!("AND author = $3 ORDER BY position DESC LIMIT $4"),
                    [viewer.into(), now.into(), author.into(), (PAGE_MAX_ROWS as u64).into()],
                )
                .await?,
            );
        }
        tx.commit().await?;
        let mut authors: Vec<AuthorStories> = Vec::new();
        for view in self.views(&rows).await? {
            match authors.last_mut() {
                Some(last) if last.author == view.author => last.stories.push(view),
                _ => authors.push(AuthorStories { author: view.author, stories: vec![view] }),
            }
        }
        Ok(At { position, value: FeedPage { authors, next: next.filter(|_| found.len() > limit) } })
    }

    async fn views(&self, rows: &[Row]) -> Result<Vec<StoryView>, ReadFault> {
        let mut opening = Opening::default();
        let parts = rows.iter().map(|row| Part::read(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
        let opened = opening.open(&*self.0.words).await?;
        Ok(parts.into_iter().map(|part| part.view(&opened)).collect::<Result<_, _>>()?)
    }
}

/// A row whose words are not open yet.
struct Part {
    view: StoryView,
    words: Slot,
}

impl Part {
    fn read(row: &Row, opening: &mut Opening) -> Result<Self, DatabaseFault> {
        let mut columns = row.columns();
        let (id, author, privacy) = (columns.story()?, columns.account()?, columns.parsed(StoryPrivacy::parse)?);
        let words = opening.add(columns.sealed()?);
        let (posted_at, expires_at, position) = (columns.time()?, columns.time()?, columns.position()?);
        let view = StoryView { id, author, privacy, words: Content::Erased, posted_at, expires_at, position };
        Ok(Self { view, words })
    }

    fn view(self, opened: &Opened) -> Result<StoryView, WordsFault> {
        let words = opened.words::<StoryWords>(self.words)?;
        let words = words.map(|words| StoryText { text: words.text, caption: words.caption });
        Ok(StoryView { words, ..self.view })
    }
}
