//! Stories as they are shown.

use crate::database::row::{DatabaseFault, Row};
use crate::reader::{Opened, Opening, Slot};
use domain::clock::Time;
use domain::ids::{AccountId, Position, StoryId};
use domain::proto::story::v1::StoryWords;
use domain::story::values::StoryPrivacy;
use domain::words::{Content, WordsFault};

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
    /// The newest revision of its stream.
    pub revision: u64,
    /// How many have seen it; for its author only.
    pub view_count: u64,
    /// Whether the viewer has.
    pub is_viewed: bool,
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

/// A page of an author's stories.
#[derive(Clone, Debug, PartialEq)]
pub struct ShelfPage {
    /// Newest first.
    pub stories: Vec<StoryView>,
    /// Where the next page starts; none at the end.
    pub next: Option<Position>,
}

/// One author's stories in a feed.
#[derive(Clone, Debug, PartialEq)]
pub struct AuthorStories {
    /// Whose.
    pub author: AccountId,
    /// The newest, at most [`domain::limits::FEED_STORIES_PER_AUTHOR_MAX`]; the rest is on the author's shelf.
    pub shelf: ShelfPage,
}

/// Where a page of the feed starts: authors with something unseen come first, then the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedPlace {
    /// Whether everything of the author's is seen.
    pub is_seen: bool,
    /// The author's newest story.
    pub newest: Position,
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    /// Those with something unseen first, each time whose newest story is newest.
    pub authors: Vec<AuthorStories>,
    /// Where the next page starts; none at the end.
    pub next: Option<FeedPlace>,
}

/// Somebody who saw a story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewerView {
    /// Who.
    pub viewer: AccountId,
    /// When.
    pub viewed_at: Time,
    /// For how long, as their device said, in milliseconds.
    pub duration_ms: Option<u64>,
    /// Where it stands in the log.
    pub position: Position,
}

/// What somebody is told who asks for a story's viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Viewers {
    /// There is no such story for them.
    Unknown,
    /// It is somebody else's.
    NotTheirs,
    /// A page of them, the newest first.
    Page {
        /// The viewers.
        viewers: Vec<ViewerView>,
        /// Whether more follow.
        has_more: bool,
    },
}

/// A row whose words are not open yet.
pub(crate) struct Part {
    view: StoryView,
    words: Slot,
}

impl Part {
    pub(crate) fn read(row: &Row, opening: &mut Opening) -> Result<Self, DatabaseFault> {
        let mut columns = row.columns();
        let (id, author, privacy) = (columns.story()?, columns.account()?, columns.parsed(StoryPrivacy::parse)?);
        let words = opening.add(columns.sealed()?);
        let (posted_at, expires_at, position) = (columns.time()?, columns.time()?, columns.position()?);
        let (revision, view_count, is_viewed) = (columns.number()?, columns.number()?, columns.number()? > 0);
        let view = StoryView {
            id,
            author,
            privacy,
            words: Content::Erased,
            posted_at,
            expires_at,
            position,
            revision,
            view_count,
            is_viewed,
        };
        Ok(Self { view, words })
    }

    pub(crate) fn view(self, opened: &Opened) -> Result<StoryView, WordsFault> {
        let words = opened.words::<StoryWords>(self.words)?;
        let words = words.map(|words| StoryText { text: words.text, caption: words.caption });
        Ok(StoryView { words, ..self.view })
    }
}
