//! Stories on the shelf, who has seen them, and who is what to whom: what is queried together belongs to one projection.
//! Who may see a story, and until when, is judged when it is read.

use crate::database::bulk::Bulk;
use crate::database::migrations::{self, Change};
use crate::database::value::Value;
use crate::projection::{self, ApplyFault, Projection, Step, sealed};
use crate::relationship::ties::Ties;
use crate::state_hash::{Kind, Table};
use domain::event::Event;
use domain::ids::{AccountId, StoryId};
use domain::recorded::Recorded;
use domain::story::event::{StoryPosted, StoryViewed};
use domain::story::values::StoryPrivacy;
use domain::words::Subject;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct Stories;

static INSERT: Bulk =
    Bulk::new("INSERT INTO stories (story, author, privacy, words, posted_at, expires_at, position)", 7, "");
static SET_PRIVACY: Bulk = Bulk::new(
    "WITH v (story, privacy, revision) AS (",
    3,
    ") UPDATE stories SET privacy = v.privacy, revision = v.revision FROM v WHERE stories.story = v.story",
);
static INSERT_VIEWS: Bulk =
    Bulk::new("INSERT INTO views (story, viewer, author, viewed_at, duration_ms, position)", 6, "");
static COUNT_VIEWS: Bulk = Bulk::new(
    "WITH v (story, more) AS (",
    2,
    ") UPDATE stories SET view_count = stories.view_count + v.more FROM v WHERE stories.story = v.story",
);
static DELETE: Bulk =
    Bulk::new("WITH v (story) AS (", 1, ") DELETE FROM stories WHERE story IN (SELECT v.story FROM v)");
static PURGE: Bulk = Bulk::new("WITH v (story) AS (", 1, ") DELETE FROM views WHERE story IN (SELECT v.story FROM v)");
static FORGET: Bulk =
    Bulk::new("WITH v (author) AS (", 1, ") DELETE FROM views WHERE author IN (SELECT v.author FROM v)");

/// What a batch does to stories: those that stay posted, and what happens to those that were posted before it.
#[derive(Default)]
pub(crate) struct Shelf<'a> {
    pub(crate) posted: BTreeMap<StoryId, (&'a Recorded, &'a StoryPosted)>,
    /// The last change of each; of stories posted in this batch, too.
    pub(crate) privacy: BTreeMap<StoryId, (StoryPrivacy, u64)>,
    pub(crate) viewed: Vec<(&'a Recorded, &'a StoryViewed)>,
    /// Expired or deleted.
    pub(crate) ended: BTreeSet<StoryId>,
    /// Whose key was destroyed.
    pub(crate) purged: BTreeSet<StoryId>,
    /// Authors who were erased.
    pub(crate) erased: BTreeSet<AccountId>,
}

impl Shelf<'_> {
    fn is_empty(&self) -> bool {
        let Self { posted, privacy, viewed, ended, purged, erased } = self;
        let is_unchanged = posted.is_empty() && privacy.is_empty() && viewed.is_empty();
        is_unchanged && ended.is_empty() && purged.is_empty() && erased.is_empty()
    }
}

/// Folds a batch; a story that is posted and ends in it leaves nothing but its views.
pub(crate) fn fold(batch: &[Arc<Recorded>]) -> Result<Shelf<'_>, ApplyFault> {
    let mut shelf = Shelf::default();
    for recorded in batch {
        let unfit = ApplyFault::Unfit(recorded.position, "its stream is no story's");
        let story = recorded.stream.story_id().ok_or(unfit);
        match &recorded.event {
            Event::StoryPosted(e) => {
                shelf.posted.insert(e.story, (recorded, e));
            }
            Event::StoryPrivacyChanged(e) => {
                shelf.privacy.insert(story?, (e.privacy, recorded.revision));
            }
            Event::StoryViewed(e) => shelf.viewed.push((recorded, e)),
            Event::StoryDeleted(_) | Event::StoryExpired(_) => {
                let story = story?;
                shelf.privacy.remove(&story);
                if shelf.posted.remove(&story).is_none() {
                    shelf.ended.insert(story);
                }
            }
            Event::KeyDestroyed(e) => {
                if let Subject::Story(story) = e.key.subject {
                    shelf.viewed.retain(|(_, viewed)| viewed.story != story);
                    shelf.purged.insert(story);
                }
            }
            // What it posted has ended before.
            Event::AccountErased(e) => {
                shelf.viewed.retain(|(_, viewed)| viewed.author != e.account);
                shelf.erased.insert(e.account);
            }
            Event::AccountFollowed(_)
            | Event::AccountRegistered(_)
            | Event::AccountUnfollowed(_)
            | Event::CloseFriendAdded(_)
            | Event::CloseFriendRemoved(_)
            | Event::AccountBlocked(_)
            | Event::AccountUnblocked(_)
            | Event::StoriesHidden(_)
            | Event::StoriesMuted(_)
            | Event::StoriesShown(_)
            | Event::StoriesUnmuted(_)
            | Event::ConversationChanged(_)
            | Event::ConversationClosed(_)
            | Event::ConversationCreated(_)
            | Event::DeviceKeyPublished(_)
            | Event::DeviceKeyRemoved(_)
            | Event::AdminsChanged(_)
            | Event::ContentAccessed(_)
            | Event::ErasureBegun(_)
            | Event::ErasureCancelled(_)
            | Event::ErasureRequested(_)
            | Event::ImportAdvanced(_)
            | Event::JobEnded(_)
            | Event::JobStarted(_)
            | Event::MemberJoined(_)
            | Event::MemberLeft(_)
            | Event::MemberRoleChanged(_)
            | Event::MembershipChanged(_)
            | Event::MessageDeleted(_)
            | Event::MessageEdited(_)
            | Event::MessagePinned(_)
            | Event::MessageSent(_)
            | Event::MessageUnpinned(_)
            | Event::MessagesPurged(_)
            | Event::NotificationsRead(_)
            | Event::PasswordChanged(_)
            | Event::ProfileChanged(_)
            | Event::ReactionAdded(_)
            | Event::ReactionRemoved(_)
            | Event::ReadMoved(_)
            | Event::RetentionChanged(_)
            | Event::RoleGranted(_)
            | Event::SessionOpened(_)
            | Event::SessionRefreshed(_)
            | Event::SessionRevoked(_)
            | Event::SettingsChanged(_)
            | Event::UsernameReserved(_) => {}
        }
    }
    Ok(shelf)
}

impl Projection for Stories {
    const NAME: &'static str = projection::STORIES;
    const VERSION: u32 = 4;
    const CHANGES: &'static [Change] =
        &[migrations::STORIES, migrations::STORY_CIRCLES, migrations::VIEWS_OF_AUTHORS, migrations::KEPT_AWAY];
    // Views may vanish from the log, so neither they nor their count are here.
    const TABLES: &'static [Table] = &[
        Table {
            name: "stories",
            select: "SELECT story, author, privacy, revision, words, posted_at, expires_at, position FROM stories \
                     ORDER BY story",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Text, Kind::Int, Kind::Bytes, Kind::Time, Kind::Time, Kind::Int],
        },
        Table {
            name: "follows",
            select: "SELECT follower, author, since, position FROM follows ORDER BY follower, author",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Time, Kind::Int],
        },
        Table {
            name: "circles",
            select: "SELECT account, followers, following FROM circles ORDER BY account",
            columns: &[Kind::Uuid, Kind::Int, Kind::Int],
        },
        Table {
            name: "close_friends",
            select: "SELECT owner, friend, since, position FROM close_friends ORDER BY owner, friend",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Time, Kind::Int],
        },
        Table {
            name: "blocks",
            select: "SELECT owner, account, since, position FROM blocks ORDER BY owner, account",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Time, Kind::Int],
        },
        Table {
            name: "story_mutes",
            select: "SELECT owner, account, since, position FROM story_mutes ORDER BY owner, account",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Time, Kind::Int],
        },
        Table {
            name: "story_hides",
            select: "SELECT owner, account, since, position FROM story_hides ORDER BY owner, account",
            columns: &[Kind::Uuid, Kind::Uuid, Kind::Time, Kind::Int],
        },
    ];

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        let mut ties = Ties::default();
        for recorded in batch {
            ties.take(recorded)?;
        }
        let shelf = fold(batch)?;
        if shelf.is_empty() && ties.is_empty() {
            return Ok(());
        }
        let mut new: Vec<Value> = Vec::with_capacity(shelf.posted.len() * 7);
        for (recorded, e) in shelf.posted.into_values() {
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
        let mut views: Vec<Value> = Vec::with_capacity(shelf.viewed.len() * 6);
        let mut more: BTreeMap<StoryId, i64> = BTreeMap::new();
        for (recorded, e) in shelf.viewed {
            let duration_ms = e.duration_ms.map(i64::from);
            views.extend([
                e.story.into(),
                e.viewer.into(),
                e.author.into(),
                recorded.occurred_at.into(),
                duration_ms.into(),
                recorded.position.into(),
            ]);
            *more.entry(e.story).or_default() += 1;
        }
        let privacy = shelf.privacy.into_iter();
        let privacy =
            privacy.flat_map(|(story, (privacy, revision))| [story.into(), privacy.as_str().into(), revision.into()]);
        let more = more.into_iter().flat_map(|(story, more)| [story.into(), Value::from(more)]);
        let tx = step.tx().await?;
        INSERT.execute(tx, new).await?;
        SET_PRIVACY.execute(tx, privacy.collect()).await?;
        INSERT_VIEWS.execute(tx, views).await?;
        COUNT_VIEWS.execute(tx, more.collect()).await?;
        DELETE.execute(tx, shelf.ended.into_iter().map(Value::from).collect()).await?;
        PURGE.execute(tx, shelf.purged.into_iter().map(Value::from).collect()).await?;
        FORGET.execute(tx, shelf.erased.into_iter().map(Value::from).collect()).await?;
        ties.write(tx).await?;
        Ok(())
    }
}
